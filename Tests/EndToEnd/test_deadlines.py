"""Every deadline of an attempt fires on its own, with its own code, and cancels the upstream."""

import json
import time

import pytest

from harness import faults
from harness.resilient import one
from harness.upstream import SilentUpstream, completion, delta
from harness.wire import Reader, chat, events, request

# All long; each test shortens one.
LONG = {"connect": "20s", "first_byte": "20s", "idle": "20s", "total": "20s"}


@pytest.fixture
def silent():
    silent = SilentUpstream()
    yield silent
    silent.close()


def bounded(start, upstream, **short):
    return start(one(upstream, {"timeout": LONG | short}))


def timed(gateway, **options):
    began = time.monotonic()
    reply = gateway.chat(**options)
    return reply, time.monotonic() - began


def counted(gateway):
    """The reasons that attempts failed for, as the metrics count them."""
    return {
        dict(labels)["reason"]: int(value)
        for (name, labels), value in gateway.metrics().items()
        if name == "sluice_attempt_failures_total" and value
    }


def code(reply):
    return reply.json()["error"]["code"]


def dripping(call):
    """A whole answer, but never in one piece."""
    body = json.dumps(completion("m", "slowly " * 50)).encode()
    call.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
    call.send(b"content-length: %d\r\n\r\n" % len(body))
    for byte in body:
        call.send(bytes([byte]))
        call.pause()


def dripping_stream(call):
    call.begin_stream()
    while True:
        call.chunk(delta("m", {"content": "slowly "}))
        call.pause()


@pytest.mark.parametrize("streams", [False, True])
def test_connect(start, silent, streams):
    gateway = bounded(start, silent, connect="400ms")
    reply, took = timed(gateway, stream=streams)
    assert 0.35 < took < 4
    assert (reply.status_code, code(reply)) == (504, "upstream_connect_timeout")
    assert gateway.exchange(reply)["failure"].startswith("connectTimeout")
    assert counted(gateway) == {"connectTimeout": 1}


@pytest.mark.parametrize("streams", [False, True])
def test_first_byte(start, upstream, streams):
    gateway = bounded(start, upstream, first_byte="400ms")
    upstream.behave = faults.stalls
    reply, took = timed(gateway, stream=streams)
    assert 0.35 < took < 4
    assert (reply.status_code, code(reply)) == (504, "upstream_timeout")
    assert gateway.exchange(reply)["failure"].startswith("firstByteTimeout")
    assert counted(gateway) == {"firstByteTimeout": 1}
    assert upstream.calls[0].cancelled.wait(1)


def test_idle(start, upstream):
    gateway = bounded(start, upstream, idle="400ms")
    upstream.behave = faults.stalls_in_the_body
    reply, took = timed(gateway)
    assert 0.35 < took < 4
    assert (reply.status_code, code(reply)) == (504, "upstream_idle_timeout")
    assert gateway.exchange(reply)["failure"].startswith("idleTimeout")
    assert counted(gateway) == {"idleTimeout": 1}
    assert upstream.calls[0].cancelled.wait(1)


def test_idle_in_a_stream(start, upstream):
    gateway = bounded(start, upstream, idle="400ms")

    def behave(call):
        call.begin_stream()
        call.chunk(delta("m", {"content": "a"}))
        call.hold()

    upstream.behave = behave
    reply, took = timed(gateway, stream=True)
    assert 0.35 < took < 4
    data = events(reply.content)
    assert data[-1]["error"]["code"] == "upstream_idle_timeout" and "[DONE]" not in data
    assert gateway.exchange(reply)["failure"].startswith("idleTimeout")
    assert counted(gateway) == {"idleTimeout": 1}
    assert upstream.calls[0].cancelled.wait(1)


def test_total(start, upstream):
    gateway = bounded(start, upstream, total="600ms")
    upstream.behave = dripping
    reply, took = timed(gateway)
    assert 0.55 < took < 4
    assert (reply.status_code, code(reply)) == (504, "upstream_total_timeout")
    assert gateway.exchange(reply)["failure"].startswith("totalTimeout")
    assert counted(gateway) == {"totalTimeout": 1}
    assert upstream.calls[0].cancelled.wait(1)


def test_total_in_a_stream(start, upstream):
    gateway = bounded(start, upstream, total="600ms")
    upstream.behave = dripping_stream
    reply, took = timed(gateway, stream=True)
    assert 0.55 < took < 4
    data = events(reply.content)
    assert data[-1]["error"]["code"] == "upstream_total_timeout" and "[DONE]" not in data
    assert all(not c.get("finish_reason") for d in data for c in d.get("choices", []))
    assert gateway.exchange(reply)["failure"].startswith("totalTimeout")
    assert counted(gateway) == {"totalTimeout": 1}
    assert upstream.calls[0].cancelled.wait(1)


def test_the_deadline_of_the_request_is_told_apart(start, upstream):
    server = {"timeout": {"request": "500ms", "drain": "5s"}}
    gateway = start(one(upstream, {"timeout": LONG}, server=server))
    upstream.behave = faults.stalls
    for streams in (False, True):
        reply, took = timed(gateway, stream=streams)
        assert 0.45 < took < 4
        assert (reply.status_code, code(reply)) == (504, "deadline_exceeded")
    assert counted(gateway) == {"deadline": 2}
    assert all(call.cancelled.wait(1) for call in upstream.calls)


def test_the_upstream_sees_within_a_second_that_a_reader_of_a_stream_left(start, upstream):
    gateway = start(one(upstream, {"timeout": LONG}))
    for behave in (dripping_stream, lambda call: (
        call.begin_stream(), call.chunk(delta("m", {"content": "a"})), call.hold()
    )):
        upstream.reset()
        upstream.behave = behave
        connection = gateway.connect()
        connection.sendall(request(chat(stream=True)))
        reader = Reader(connection)
        reader.head()
        reader.chunk()
        call = upstream.called()
        began = time.monotonic()
        connection.close()
        assert call.cancelled.wait(1) and call.cancelled_at - began < 1
