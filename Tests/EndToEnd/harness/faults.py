"""The ways in which an upstream fails before it has said anything of an answer."""

import json

from harness.upstream import completion


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


def by_number(*behaviours):
    """Obeys the first at the first call, and so on; the last from then on."""
    rest = list(behaviours)

    def behave(call):
        (rest.pop(0) if len(rest) > 1 else rest[0])(call)

    return behave
