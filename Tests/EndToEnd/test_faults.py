"""Each way to fail, by itself, as the SDK tells it: plain and streamed, sync and async, in time."""

import asyncio
import time

import httpx
import openai
import pytest

from harness import faults
from harness.bundle import Bundle
from harness.gateway import Gateway
from harness.resilient import one
from harness.upstream import RefusingUpstream, SilentUpstream, default
from harness.waiting import until
from harness.wire import Reader, ask, chat, events, request

MESSAGES = [{"role": "user", "content": "What is a sluice?"}]
# Longer than any deadline of the policy, shorter than any client's patience.
IN_TIME = 6

# What happens before a byte of an answer: the error's class, its status, its code.
BAD = openai.InternalServerError
TOLD = [
    (faults.resets, BAD, 502, "upstream_cut"),
    (faults.closes, BAD, 502, "upstream_cut"),
    (faults.sends_half_a_head, BAD, 502, "upstream_cut"),
    (faults.stalls, BAD, 504, "upstream_timeout"),
    (faults.stalls_in_the_body, BAD, 504, "upstream_idle_timeout"),
    (faults.not_http, BAD, 502, "upstream_invalid_reply"),
    (faults.html, BAD, 502, "upstream_invalid_reply"),
    (faults.html_error, BAD, 502, "upstream_failed"),
    (faults.malformed, BAD, 502, "upstream_invalid_reply"),
    (faults.not_an_answer, BAD, 502, "upstream_invalid_reply"),
    (faults.too_short, BAD, 502, "upstream_cut"),
    (faults.too_long, BAD, 502, "upstream_invalid_reply"),
    (faults.two_lengths, BAD, 502, "upstream_invalid_reply"),
    (faults.length_and_chunks, BAD, 502, "upstream_invalid_reply"),
    (faults.bad_chunk_size, BAD, 502, "upstream_invalid_reply"),
    (faults.chunk_without_its_end, BAD, 502, "upstream_cut"),
    (faults.redirects, BAD, 502, "upstream_redirected"),
    (faults.server_error, BAD, 500, "boom"),
    (faults.overloaded, BAD, 529, "overloaded_error"),
    (faults.limited, openai.RateLimitError, 429, "rate_limit_exceeded"),
    (faults.limited_for(7), openai.RateLimitError, 429, "rate_limit_exceeded"),
    (faults.limited_without_words, BAD, 503, "upstream_unavailable"),
    (faults.out_of_quota, openai.RateLimitError, 429, "insufficient_quota"),
    (faults.refuses_the_key, BAD, 502, "upstream_refused_key"),
    (faults.refuses_the_request, openai.BadRequestError, 400, "bad_tool"),
]
# Of these the SDK is told not to try again; of the rest its own rules hold.
LASTING = {"upstream_redirected", "insufficient_quota", "upstream_refused_key"}

# What happens behind the first words of a stream: the code of the event that ends it.
CUTS = [
    (faults.cut_by_reset, "upstream_cut"),
    (faults.cut_by_close, "upstream_cut"),
    (faults.cut_in_an_event, "upstream_cut"),
    (faults.cut_by_clean_end, "upstream_cut"),
    (faults.cut_by_stall, "upstream_idle_timeout"),
    (faults.cut_by_nonsense, "upstream_invalid_reply"),
    (faults.cut_by_malformed_json, "upstream_invalid_reply"),
    (faults.cut_by_error, "upstream_invalid_reply"),
    (faults.cut_by_bad_chunk_size, "upstream_invalid_reply"),
]

CLIENTS = ["sync", "async"]


def sections(upstream):
    """No breaker, no retry, no second candidate."""
    return one(upstream)


def complete(gateway, client, streams):
    """Asks with an SDK and reads to the end; returns what came, and the error it ended with."""
    chunks = []

    def sync():
        answer = gateway.openai().chat.completions.create(
            model="auto", messages=MESSAGES, stream=streams
        )
        for chunk in answer if streams else [answer]:
            chunks.append(chunk)

    async def asynchronous():
        async with gateway.async_openai() as sdk:
            answer = await sdk.chat.completions.create(
                model="auto", messages=MESSAGES, stream=streams
            )
            if not streams:
                chunks.append(answer)
                return
            async for chunk in answer:
                chunks.append(chunk)

    began = time.monotonic()
    try:
        sync() if client == "sync" else asyncio.run(asynchronous())
        error = None
    except openai.OpenAIError as caught:
        error = caught
    assert time.monotonic() - began < IN_TIME
    return chunks, error


def is_sound(gateway):
    """What failed leaves nothing behind."""
    gateway.upstream.behave = default
    assert gateway.chat().status_code == 200
    until(lambda: gateway.metric("llm_active_requests") == 0, "no active request")


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("streams", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("fault, kind, status, code", TOLD)
def test_every_failure_is_its_own_error_in_time(
    gateway, fault, kind, status, code, streams, client
):
    gateway.upstream.behave = fault
    chunks, error = complete(gateway, client, streams)
    assert chunks == [] and type(error) is kind
    assert (error.status_code, error.code) == (status, code)
    assert "MARKER" not in error.message
    told = error.response.headers.get("x-should-retry")
    assert told == ("false" if code in LASTING else None)
    # Nothing is sent twice where nobody allowed it.
    assert gateway.upstream.count == 1
    if fault in (faults.stalls, faults.stalls_in_the_body):
        assert gateway.upstream.calls[0].cancelled.wait(1)
    is_sound(gateway)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("fault, code", CUTS)
def test_a_cut_stream_raises_and_never_looks_complete(gateway, fault, code, client):
    gateway.upstream.behave = fault
    chunks, error = complete(gateway, client, streams=True)
    assert type(error) is openai.APIError and error.code == code
    assert "".join(c.choices[0].delta.content or "" for c in chunks) == "Water "
    assert all(c.choices[0].finish_reason is None for c in chunks)
    assert gateway.upstream.count == 1
    is_sound(gateway)


@pytest.mark.parametrize("fault, code", CUTS)
def test_a_cut_stream_is_legal_http_and_keeps_its_connection(gateway, fault, code):
    gateway.upstream.behave = fault
    with gateway.connect() as connection:
        reply = ask(connection, request(chat(stream=True)))
        data = events(reply.body)
        assert reply.status == 200 and "[DONE]" not in data
        assert data[-1]["error"]["code"] == code
        assert not any(c.get("finish_reason") for d in data for c in d.get("choices", []))
        gateway.upstream.behave = default
        assert ask(connection, request(chat())).status == 200
    assert gateway.exchange(reply.field("x-request-id"))["status"] == "cut"


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("fault, code", CUTS)
def test_a_stream_for_a_client_that_asked_for_none_is_no_answer(gateway, fault, code, client):
    gateway.upstream.behave = fault
    chunks, error = complete(gateway, client, streams=False)
    assert chunks == [] and (error.status_code, error.code) == (502, "upstream_invalid_reply")


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("streams", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize(
    "kind, status, code",
    [
        (RefusingUpstream, 502, "upstream_unreachable"),
        (SilentUpstream, 504, "upstream_connect_timeout"),
    ],
)
def test_nobody_at_the_address_is_told_as_such(
    start_once, kind, status, code, streams, client
):
    chunks, error = complete(start_once(kind), client, streams)
    assert chunks == [] and type(error) is BAD
    assert (error.status_code, error.code) == (status, code)


@pytest.fixture(scope="module")
def start_once(tmp_path_factory):
    """One gateway for each kind of address at which nobody answers."""
    made = {}

    def begin(kind):
        if kind not in made:
            folder = tmp_path_factory.mktemp(kind.__name__)
            upstream = kind()
            bundle = Bundle(folder / "bundle", one(upstream))
            made[kind] = (Gateway(bundle.path, folder / "state").__enter__(), upstream)
        return made[kind][0]

    yield begin
    for gateway, upstream in made.values():
        gateway.__exit__(None, None, None)
        upstream.close()


def test_a_wait_asked_for_reaches_the_sdk(gateway):
    gateway.upstream.behave = faults.limited_for(7)
    _, error = complete(gateway, "sync", streams=False)
    assert error.response.headers["retry-after"] == "7"
    gateway.upstream.behave = faults.limited
    _, error = complete(gateway, "sync", streams=False)
    assert "retry-after" not in error.response.headers


def test_a_connection_stays_sound_over_all_of_them(gateway):
    with gateway.connect() as connection:
        for fault, _, status, _ in TOLD:
            gateway.upstream.behave = fault
            assert ask(connection, request(chat())).status == status
        gateway.upstream.behave = default
        assert ask(connection, request(chat())).status == 200


# Who leaves.


@pytest.fixture(scope="module")
def patient(shared_upstream, tmp_path_factory):
    """A gateway whose deadlines are not what ends an attempt."""
    folder = tmp_path_factory.mktemp("patient")
    timeout = {"connect": "20s", "first_byte": "20s", "idle": "20s", "total": "30s"}
    bundle = Bundle(folder / "bundle", one(shared_upstream, {"timeout": timeout}))
    with Gateway(bundle.path, folder / "state") as gateway:
        gateway.upstream = shared_upstream
        yield gateway


@pytest.mark.parametrize(
    "fault, streams, reads",
    [
        (faults.stalls, False, False),
        (faults.stalls, True, False),
        (faults.stalls_in_the_body, False, False),
        (faults.stalls_in_the_body, True, False),
        (faults.cut_by_stall, True, False),
        (faults.cut_by_stall, True, True),
    ],
)
def test_the_upstream_sees_within_a_second_that_the_client_left(patient, fault, streams, reads):
    patient.upstream.reset()
    patient.upstream.behave = fault
    connection = patient.connect()
    connection.sendall(request(chat(stream=streams)))
    call = patient.upstream.called()
    if reads:
        reader = Reader(connection)
        reader.head()
        reader.chunk()
    began = time.monotonic()
    connection.close()
    assert call.cancelled.wait(1) and call.cancelled_at - began < 1


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("streams", [False, True], ids=["plain", "streamed"])
def test_the_upstream_sees_within_a_second_that_the_sdk_gave_up(patient, streams, client):
    patient.upstream.reset()
    patient.upstream.behave = faults.cut_by_stall if streams else faults.stalls
    began = time.monotonic()
    if client == "sync":
        with pytest.raises((openai.APITimeoutError, httpx.ReadTimeout)):
            answer = patient.openai(timeout=0.5).chat.completions.create(
                model="auto", messages=MESSAGES, stream=streams
            )
            list(answer)
    else:
        async def leave():
            async with patient.async_openai() as sdk:
                async def read():
                    answer = await sdk.chat.completions.create(
                        model="auto", messages=MESSAGES, stream=streams
                    )
                    async for _ in answer:
                        pass

                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(read(), 0.5)

        asyncio.run(leave())
    call = patient.upstream.called()
    assert call.cancelled.wait(1) and call.cancelled_at - began < 2
