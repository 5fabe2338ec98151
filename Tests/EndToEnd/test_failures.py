"""When upstreams fail: the next candidate, or a clear error in time; a cut stream never looks whole."""

import gzip
import json
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest

from harness import faults
from harness.bundle import policy
from harness.gateway import UPSTREAM_KEY
from harness.resilient import OFF, TIMEOUT
from harness.upstream import USAGE, completion
from harness.waiting import until
from harness.wire import chat, events, request

MESSAGES = [{"role": "user", "content": "What is a sluice?"}]


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


# Failures before the first byte.


@pytest.mark.parametrize("fail", [faults.resets, faults.closes, faults.stalls])
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
    assert time.monotonic() - began < 4
    assert caught.value.status_code == 502
    assert caught.value.code == "upstream_unreachable"
    with pytest.raises(openai.InternalServerError):
        gateway.openai().chat.completions.create(model="auto", messages=MESSAGES, stream=True)


def test_an_upstream_that_does_not_answer_is_a_timeout_in_time(gateway):
    gateway.upstream.behave = faults.stalls
    began = time.monotonic()
    reply = gateway.chat()
    assert 0.95 < time.monotonic() - began < 4
    assert (reply.status_code, reply.json()["error"]["code"]) == (504, "upstream_timeout")
    assert gateway.upstream.calls[0].cancelled.wait(1)


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


def test_a_connection_that_the_upstream_closed_meanwhile_is_replaced_unseen(start, upstream):
    gateway = start(sections(upstream))
    upstream.behave = lambda call: (call.answer(), call.cut())
    for number in range(5):
        assert gateway.chat(f"n{number}").status_code == 200
        # Its end may be on its way yet; a request that meets it there fails, since nobody knows
        # whether it was worked on.
        until(
            lambda: gateway.metric("sluice_upstream_connections_open") == 0, "the connection's end"
        )
    assert upstream.count == 5


def test_a_request_that_may_have_arrived_is_not_sent_again_by_itself(start, upstream):
    gateway = start(sections(upstream))
    assert gateway.chat().status_code == 200
    upstream.behave = faults.closes
    assert gateway.chat().json()["error"]["code"] == "upstream_cut"
    # It went out on the connection that was kept, and on no other.
    assert (upstream.count, upstream.opened) == (2, 1)
    assert gateway.metric("sluice_upstream_replays_total", upstream="main") == 0


def test_nothing_of_a_client_s_credentials_goes_upstream_and_no_cookie_comes_back(gateway):
    gateway.upstream.behave = lambda call: call.reply(
        200,
        completion("m", "x"),
        fields=[("set-cookie", "session=MARKER; Path=/"), ("www-authenticate", "Bearer")],
    )
    sent = {
        "authorization": "Bearer sk-client-MARKER", "proxy-authorization": "Basic MARKER",
        "cookie": "c=MARKER", "x-api-key": "MARKER", "connection": "keep-alive, x-hop",
        "x-hop": "MARKER", "te": "trailers", "trailer": "x-t", "upgrade": "h2c",
    }
    for streams in (False, True):
        reply = gateway.chat(headers=sent, stream=streams)
        assert reply.status_code == 200
        assert not {"set-cookie", "www-authenticate"} & set(reply.headers)
    for call in gateway.upstream.calls:
        assert call.field("authorization") == [f"Bearer {UPSTREAM_KEY}"]
        assert not any("MARKER" in value for _, value in call.fields if value != f"Bearer {UPSTREAM_KEY}")
        names = {name.lower() for name, _ in call.fields}
        assert not names & (set(sent) - {"authorization"})


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
