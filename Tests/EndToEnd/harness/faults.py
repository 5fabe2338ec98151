"""The ways in which an upstream fails before it has said anything of an answer."""

import json

from harness.upstream import completion, delta


def error(code, message="scripted", kind="server_error"):
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def resets(call):
    call.reset()


def closes(call):
    call.cut()


def stalls(call):
    call.hold()


def sends_half_a_head(call):
    call.send(b"HTTP/1.1 200 OK\r\ncontent-le")
    call.cut()


def stalls_in_the_body(call):
    body = json.dumps(completion("m", "never whole")).encode()
    call.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
    call.send(b"content-length: %d\r\n\r\n" % len(body) + body[:40])
    call.hold()


def html(call):
    call.reply(200, b"<html><body>Welcome</body></html>", "text/html")


def html_error(call):
    call.reply(503, b"<html>MARKER-down</html>", "text/html")


def server_error(call):
    call.reply(500, error("boom"))


def overloaded(call):
    call.reply(529, error("overloaded_error"))


def limited(call):
    call.reply(429, error("rate_limit_exceeded", kind="requests"))


def limited_for(seconds):
    def limited_for_a_while(call):
        call.reply(
            429,
            error("rate_limit_exceeded", kind="requests"),
            fields=[("retry-after", str(seconds))],
        )

    return limited_for_a_while


def limited_without_words(call):
    call.reply(429, b"slow down", "text/plain")


def out_of_quota(call):
    call.reply(429, error("insufficient_quota", kind="insufficient_quota"))


def refuses_the_key(call):
    call.reply(401, error("invalid_api_key", "Incorrect API key MARKER"))


def refuses_the_request(call):
    call.reply(400, error("bad_tool", kind="invalid_request_error"))


def malformed(call):
    call.reply(200, b'{"choices": [')


def not_an_answer(call):
    call.reply(200, b'["choices"]')


def too_short(call):
    call.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 400\r\n\r\n{}")
    call.cut()


def two_lengths(call):
    call.send(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}")


def length_and_chunks(call):
    call.send(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n")
    call.send(b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")


def a_stream_that_breaks_at_once(call):
    call.begin_stream()
    call.reset()


def redirects(call):
    call.reply(302, b"", fields=[("location", "http://127.0.0.1:1/v1/chat/completions")])


def too_long(call):
    """More bytes than the head announced: the answer is cut where the head said."""
    body = json.dumps(completion("m", "never whole")).encode()
    call.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
    call.send(b"content-length: %d\r\n\r\n" % (len(body) - 20) + body)
    call.cut()


def bad_chunk_size(call):
    call.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
    call.send(b"transfer-encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n")


def chunk_without_its_end(call):
    call.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
    call.send(b"transfer-encoding: chunked\r\n\r\nff\r\n{}")
    call.cut()


def not_http(call):
    call.send(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")


# Streams that break off behind their first words; a client that wants no stream gets none of it.


def begun(call):
    call.begin_stream()
    call.chunk(delta("m", {"role": "assistant", "content": ""}))
    call.chunk(delta("m", {"content": "Water "}))


def cut_by_reset(call):
    begun(call)
    call.reset()


def cut_by_close(call):
    begun(call)
    call.cut()


def cut_by_stall(call):
    begun(call)
    call.hold()


def cut_by_clean_end(call):
    """The body ends as HTTP allows, though the answer does not."""
    begun(call)
    call.end_stream(done=False)


def cut_by_nonsense(call):
    begun(call)
    call.chunk(b"data: <html>oops</html>\n\n")
    call.end_stream()


def cut_by_malformed_json(call):
    begun(call)
    call.chunk(b'data: {"choices": [\n\n')
    call.end_stream()


def cut_by_error(call):
    begun(call)
    call.chunk({"error": {"message": "vendor exploded", "type": "server_error", "code": None}})
    call.end_stream()


def cut_by_bad_chunk_size(call):
    begun(call)
    call.send(b"0x2\r\n{}\r\n")
    call.end_stream()


def cut_in_an_event(call):
    begun(call)
    call.chunk(b'data: {"id": "x", "cho')
    call.cut()


def by_number(*behaviours):
    """Obeys the first at the first call, and so on; the last from then on."""
    rest = list(behaviours)

    def behave(call):
        (rest.pop(0) if len(rest) > 1 else rest[0])(call)

    return behave
