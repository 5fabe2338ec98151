"""When upstreams fail: the next candidate, or a clear error in time; a cut stream never looks whole."""

import gzip
import json
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest

from harness.bundle import policy
from harness.upstream import USAGE, completion, delta
from harness.waiting import until
from harness.wire import Reader, ask, chat, events, request

MESSAGES = [{"role": "user", "content": "What is a sluice?"}]
TIMEOUT = {"connect": "500ms", "first_byte": "300ms", "idle": "300ms", "total": "5s"}
# What each failure is told as; test_retries.py and test_breakers.py are about the rest.
OFF = {"breaker": "none", "retry": "none"}


def sections(upstream):
    return policy(upstream, upstreams=one(upstream))


def one(upstream):
    return {
        "main": {
            "api": "openai", "url": upstream.url, "secret": "env:UPSTREAM_KEY", "timeout": TIMEOUT,
            **OFF,
        }
    }


def two(first, second):
    """A policy whose target has a candidate at each of two upstreams."""
    other = {"api": "openai", "url": second.url, "timeout": TIMEOUT, **OFF}
    upstreams = one(first) | {"other": other}
    sections = policy(first, upstreams=upstreams, targets={"fast": ["small", "spare"]})
    sections["models"]["spare"] = dict(sections["models"]["small"], upstream="other", id="spare")
    del sections["models"]["large"]
    return sections


# Cut streams.


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


def cut_by_error(call):
    begun(call)
    call.chunk({"error": {"message": "vendor exploded", "type": "server_error", "code": None}})
    call.end_stream()


CUTS = [cut_by_reset, cut_by_close, cut_by_stall, cut_by_clean_end, cut_by_nonsense, cut_by_error]


@pytest.mark.parametrize("cut", CUTS)
def test_the_sdk_raises_on_a_cut_stream(gateway, cut):
    gateway.upstream.behave = cut
    stream = gateway.openai().chat.completions.create(model="auto", messages=MESSAGES, stream=True)
    chunks = []
    with pytest.raises(openai.APIError):
        for chunk in stream:
            chunks.append(chunk)
    assert "".join(c.choices[0].delta.content or "" for c in chunks) == "Water "
    assert all(c.choices[0].finish_reason is None for c in chunks)


@pytest.mark.parametrize("cut", CUTS)
def test_a_cut_stream_ends_legally_with_an_error_and_never_looks_complete(gateway, cut):
    gateway.upstream.behave = cut
    with gateway.connect() as connection:
        reply = ask(connection, request(chat(stream=True)))
        data = events(reply.body)
        assert reply.status == 200
        assert "[DONE]" not in data
        assert data[-1]["error"]["code"] in {
            "upstream_cut", "upstream_idle_timeout", "upstream_invalid_reply"
        }
        assert not any(
            choice.get("finish_reason") for d in data for choice in d.get("choices", [])
        )
        # The connection itself is sound: the chunked body came to its end.
        gateway.upstream.behave = lambda call: call.answer()
        assert ask(connection, request(chat())).status == 200
    assert gateway.exchange(reply.field("x-request-id"))["status"] == "cut"


# Failures before the first byte.


def resets(call):
    call.reset()


def closes(call):
    call.cut()


def stalls(call):
    call.hold()


def sends_half_a_head(call):
    call.send(b"HTTP/1.1 200 OK\r\ncontent-le")
    call.cut()


@pytest.mark.parametrize("fail", [resets, closes, stalls])
def test_the_next_candidate_answers_when_the_first_fails(start, upstream, second_upstream, fail):
    gateway = start(two(upstream, second_upstream))
    upstream.behave = fail
    reply = gateway.chat()
    assert (reply.status_code, reply.headers["x-sluice-model"]) == (200, "spare")
    assert gateway.exchange(reply)["attempts"] == 2
    assert second_upstream.calls[0].json["model"] == "spare"
    assert second_upstream.calls[0].field("authorization") == []
    streamed = gateway.chat(stream=True)
    assert events(streamed.content)[-1] == "[DONE]"


def test_the_next_candidate_answers_when_nobody_listens_at_the_first(start, upstream, refusing):
    gateway = start(two(refusing, upstream))
    reply = gateway.chat()
    assert (reply.status_code, reply.headers["x-sluice-model"]) == (200, "spare")


def test_a_stream_that_breaks_before_its_first_event_is_answered_by_the_next(
    start, upstream, second_upstream
):
    gateway = start(two(upstream, second_upstream))

    def behave(call):
        call.begin_stream()
        call.reset()

    upstream.behave = behave
    reply = gateway.chat(stream=True)
    data = events(reply.content)
    # It is not known whether the first worked on it, so a clear error would do as well.
    assert reply.headers.get("x-sluice-model") == "spare" and data[-1] == "[DONE]" or (
        reply.status_code == 502
    )


def test_all_down_is_a_typed_error_in_time(start, refusing):
    gateway = start(two(refusing, refusing))
    began = time.monotonic()
    with pytest.raises(openai.InternalServerError) as caught:
        gateway.openai().chat.completions.create(model="auto", messages=MESSAGES)
    assert time.monotonic() - began < 2
    assert caught.value.status_code == 502
    assert caught.value.code == "upstream_unreachable"
    with pytest.raises(openai.InternalServerError):
        gateway.openai().chat.completions.create(model="auto", messages=MESSAGES, stream=True)


def test_an_upstream_that_does_not_answer_is_a_timeout_in_time(gateway):
    gateway.upstream.behave = stalls
    began = time.monotonic()
    reply = gateway.chat()
    assert 0.25 < time.monotonic() - began < 2
    assert (reply.status_code, reply.json()["error"]["code"]) == (504, "upstream_timeout")
    assert gateway.upstream.calls[0].cancelled.wait(1)


def html(call):
    call.reply(200, b"<html><body>Welcome</body></html>", "text/html")


def html_error(call):
    call.reply(503, b"<html>MARKER-down</html>", "text/html")


def malformed(call):
    call.reply(200, b'{"choices": [')


def not_an_answer(call):
    call.reply(200, b'["choices"]')


def redirect(call):
    call.reply(302, b"", fields=[("location", "http://127.0.0.1:1/")])


def too_short(call):
    body = b'{"choices": []}'
    call.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 400\r\n\r\n" + body)
    call.cut()


def two_lengths(call):
    call.send(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}")


def length_and_chunks(call):
    call.send(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")


def not_http(call):
    call.send(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")


@pytest.mark.parametrize(
    "behave",
    [html, html_error, malformed, not_an_answer, redirect, too_short, two_lengths,
     length_and_chunks, not_http, sends_half_a_head],
)
def test_a_reply_that_makes_no_sense_is_a_bad_gateway(gateway, behave):
    gateway.upstream.behave = behave
    reply = gateway.chat()
    assert reply.status_code == 502
    assert reply.json()["error"]["type"] == "server_error"
    assert "MARKER" not in reply.text
    # And the next one is answered, on a sound connection.
    gateway.upstream.behave = lambda call: call.answer()
    assert gateway.chat().status_code == 200


def test_refused_credentials_are_not_blamed_on_the_client(gateway):
    error = {"error": {"message": "Incorrect API key MARKER", "type": "x", "code": "invalid_api_key"}}
    gateway.upstream.behave = lambda call: call.reply(401, error)
    reply = gateway.chat()
    assert (reply.status_code, reply.json()["error"]["code"]) == (502, "upstream_refused_key")
    assert reply.headers["x-should-retry"] == "false"
    assert "MARKER" not in reply.text


def test_an_upstream_s_429_keeps_its_retry_after_and_the_sdk_honours_it(gateway):
    error = {"error": {"message": "slow down", "type": "requests", "param": None,
                       "code": "rate_limit_exceeded"}}

    def behave(call):
        if gateway.upstream.count == 1:
            call.reply(429, error, fields=[("retry-after", "1")])
        else:
            call.answer()

    gateway.upstream.behave = behave
    began = time.monotonic()
    answer = gateway.openai(max_retries=2).chat.completions.create(model="auto", messages=MESSAGES)
    assert answer.choices[0].message.content and gateway.upstream.count == 2
    assert time.monotonic() - began >= 1


@pytest.mark.parametrize(
    "usage, tokens",
    [
        (USAGE, (11, 7)),
        (USAGE | {"prompt_tokens_details": {"cached_tokens": 5},
                  "completion_tokens_details": {"reasoning_tokens": 3}}, (11, 7)),
        # Counted by Sluice: one token and what is around it, and one.
        (None, (7, 1)),
        ({"prompt_tokens": 4}, None),
        ({"prompt_tokens": -4, "completion_tokens": "x"}, None),
    ],
)
def test_usage_of_any_shape_is_read_or_left_alone(gateway, usage, tokens):
    gateway.upstream.behave = lambda call: call.reply(200, completion("m", "x", usage=usage))
    reply = gateway.chat()
    assert reply.status_code == 200
    line = gateway.exchange(reply)
    if tokens:
        assert (line["input_tokens"], line["output_tokens"]) == tokens


def test_a_connection_that_the_upstream_closed_meanwhile_is_replaced_unseen(gateway):
    gateway.upstream.behave = lambda call: (call.answer(), call.cut())
    for number in range(5):
        assert gateway.chat(f"n{number}").status_code == 200
    assert gateway.upstream.count == 5


def test_a_client_that_leaves_is_followed_by_the_upstream_within_a_second(gateway):
    for streams in (False, True):
        gateway.upstream.reset()
        gateway.upstream.behave = lambda call: call.hold()
        # The deadline of 300 ms must not be what ends it, so the client leaves at once.
        connection = gateway.connect()
        connection.sendall(request(chat(stream=streams)))
        call = gateway.upstream.called()
        began = time.monotonic()
        connection.close()
        assert call.cancelled.wait(1)
        assert call.cancelled_at - began < 1


def test_a_client_that_leaves_in_a_stream_is_followed_by_the_upstream(start, upstream):
    gateway = start(policy(upstream))

    def behave(call):
        begun(call)
        call.hold()

    upstream.behave = behave
    connection = gateway.connect()
    connection.sendall(request(chat(stream=True)))
    reader = Reader(connection)
    reader.head()
    reader.chunk()
    began = time.monotonic()
    connection.close()
    call = upstream.called()
    assert call.cancelled.wait(2) and call.cancelled_at - began < 1


def chunked_answer(call):
    call.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n")
    body = json.dumps(completion("m", "in chunks")).encode()
    for start in range(0, len(body), 50):
        call.chunk(body[start : start + 50])
    call.send(b"0\r\n\r\n")


def answer_to_the_end_of_the_connection(call):
    body = json.dumps(completion("m", "to the end")).encode()
    call.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n" + body)
    call.cut()


def answer_of_http_1_0(call):
    body = json.dumps(completion("m", "old")).encode()
    call.send(b"HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n" + body)
    call.cut()


@pytest.mark.parametrize(
    "behave", [chunked_answer, answer_to_the_end_of_the_connection, answer_of_http_1_0]
)
def test_every_framing_of_an_answer_is_read(gateway, behave):
    gateway.upstream.behave = behave
    for _ in range(3):
        assert gateway.chat().json()["usage"]["total_tokens"] == 18


def test_a_coded_answer_that_nobody_asked_for_is_a_bad_gateway(gateway):
    body = gzip.compress(json.dumps(completion("m", "x")).encode())
    gateway.upstream.behave = lambda call: call.reply(
        200, body, fields=[("content-encoding", "gzip")]
    )
    assert gateway.chat().status_code == 502


def test_clients_that_leave_at_any_moment_leave_nothing_behind(start, upstream):
    gateway = start(
        policy(
            upstream,
            products={"assistant": {"cache": {"scope": "product", "ttl": "1h"}}},
            limits={"in-flight": {"key": "client.ip", "concurrent": 8}},
        )
    )
    dice = random.Random(1)
    data = [request(chat(f"n{n % 7}", stream=n % 2 == 0)) for n in range(300)]

    def come_and_go(part):
        length = dice.choice([len(part), len(part), dice.randrange(len(part))])
        with gateway.connect() as connection:
            connection.sendall(part[:length])
            if dice.random() < 0.5:
                connection.settimeout(dice.random() / 50)
                try:
                    connection.recv(dice.randrange(1, 300))
                except OSError:
                    pass

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(come_and_go, data))
    until(lambda: gateway.metric("llm_active_requests") == 0, "no active request")
    assert gateway.metric("sluice_flight_followers") == 0
    until(lambda: gateway.metric("sluice_connections_open") <= 1, "no connection")
    go = threading.Event()
    upstream.reset()
    upstream.behave = lambda call: (call.hold(until=go), call.answer())
    with ThreadPoolExecutor(8) as pool:
        # All eight places were given back, and no flight is led by a ghost.
        running = [pool.submit(gateway.chat, f"last {n}") for n in range(8)]
        upstream.called(8)
        go.set()
        assert [r.result().status_code for r in running] == [200] * 8
