"""A failure that another try mends is not seen; one that it cannot mend is not tried again."""

import time

import openai
import pytest

from harness import faults
from harness.bundle import Bundle
from harness.gateway import Gateway
from harness.resilient import RETRY, one, two
from harness.upstream import RefusingUpstream, default, delta
from harness.waiting import until
from harness.wire import ask, chat, events, request

MESSAGES = [{"role": "user", "content": "What is a sluice?"}]


def sections(upstream):
    return one(upstream, {"retry": RETRY})


MENDED = [
    faults.resets, faults.closes, faults.stalls, faults.sends_half_a_head,
    faults.stalls_in_the_body, faults.html, faults.html_error, faults.server_error,
    faults.overloaded, faults.limited, faults.malformed, faults.not_an_answer, faults.too_short,
    faults.two_lengths, faults.length_and_chunks,
]


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("fault", MENDED)
def test_a_flaky_upstream_is_not_seen(gateway, fault, streams):
    gateway.upstream.behave = faults.by_number(fault, default)
    reply = gateway.chat(stream=streams)
    assert reply.status_code == 200, reply.text
    assert gateway.upstream.count == 2
    if streams:
        data = events(reply.content)
        assert data[-1] == "[DONE]" and data[-2]["choices"][0]["finish_reason"] == "stop"


def test_the_sdk_notices_nothing(start, upstream):
    gateway = start(sections(upstream))
    gateway.upstream = upstream
    gateway.upstream.behave = faults.by_number(faults.resets, faults.overloaded, default)
    answer = gateway.openai().chat.completions.create(model="auto", messages=MESSAGES)
    assert answer.choices[0].finish_reason == "stop"
    gateway.upstream.behave = faults.by_number(faults.a_stream_that_breaks_at_once, default)
    stream = gateway.openai().chat.completions.create(model="auto", messages=MESSAGES, stream=True)
    assert [c.choices[0].finish_reason for c in stream][-1] == "stop"


def test_a_stream_that_breaks_before_its_first_event_is_tried_again(gateway):
    gateway.upstream.behave = faults.by_number(faults.a_stream_that_breaks_at_once, default)
    data = events(gateway.chat(stream=True).content)
    assert data[-1] == "[DONE]" and gateway.upstream.count == 2


def test_nothing_is_tried_again_behind_the_first_byte(gateway):
    def breaks_off(call):
        call.begin_stream()
        call.chunk(delta("m", {"content": "Water "}))
        call.reset()

    gateway.upstream.behave = faults.by_number(breaks_off, default)
    reply = gateway.chat(stream=True)
    assert events(reply.content)[-1]["error"]["code"] == "upstream_cut"
    assert gateway.upstream.count == 1


@pytest.mark.parametrize(
    "fault, status, code",
    [
        (faults.out_of_quota, 429, "insufficient_quota"),
        (faults.refuses_the_request, 400, "bad_tool"),
        (faults.refuses_the_key, 502, "upstream_refused_key"),
    ],
)
def test_what_no_retry_mends_is_asked_once(gateway, fault, status, code):
    gateway.upstream.behave = fault
    # The SDK, too, is told not to try again.
    with pytest.raises(openai.APIStatusError) as caught:
        gateway.openai(max_retries=2).chat.completions.create(model="auto", messages=MESSAGES)
    assert (caught.value.status_code, caught.value.code) == (status, code)
    assert gateway.upstream.count == 1
    assert "MARKER" not in caught.value.message


def test_when_all_tries_fail_the_upstream_s_own_words_are_told(gateway):
    gateway.upstream.behave = faults.overloaded
    reply = gateway.chat()
    assert (reply.status_code, reply.json()["error"]["code"]) == (529, "overloaded_error")
    assert gateway.upstream.count == 3


def test_what_the_upstream_asks_to_wait_is_waited(gateway):
    gateway.upstream.behave = faults.by_number(faults.limited_for(1), default)
    began = time.monotonic()
    reply = gateway.chat()
    assert reply.status_code == 200 and time.monotonic() - began >= 1


def test_a_wait_that_does_not_fit_the_deadline_is_not_begun(start, upstream):
    gateway = start(
        one(upstream, {"retry": RETRY}, server={"timeout": {"request": "5s", "drain": "5s"}})
    )
    upstream.behave = faults.limited_for(30)
    began = time.monotonic()
    reply = gateway.chat()
    assert time.monotonic() - began < 1
    assert (reply.status_code, reply.headers["retry-after"]) == (429, "30")
    assert upstream.count == 1


@pytest.mark.parametrize("streams", [False, True])
def test_all_tries_together_end_at_the_deadline_of_the_request(start, upstream, streams):
    server = {"timeout": {"request": "1s", "drain": "5s"}}
    gateway = start(one(upstream, {"retry": RETRY | {"attempts": 10}}, server=server))
    upstream.behave = faults.stalls
    began = time.monotonic()
    reply = gateway.chat(stream=streams)
    assert 0.6 < time.monotonic() - began < 1.5
    assert reply.status_code == 504
    assert reply.json()["error"]["code"] == "deadline_exceeded"
    assert 2 <= upstream.count <= 4
    assert all(call.cancelled.wait(1) for call in upstream.calls)


def test_retries_never_exceed_their_budget(start, upstream):
    gateway = start(one(upstream, {"retry": RETRY | {"budget": "10%"}}))
    upstream.behave = faults.server_error
    for _ in range(40):
        assert gateway.chat().status_code == 500
    # Ten are in reserve, and each ten requests earn one.
    assert 40 + 10 <= upstream.count <= 40 + 10 + 4


def test_who_leaves_while_we_wait_is_not_asked_for_again(start, upstream):
    gateway = start(one(upstream, {"retry": RETRY | {"base": "1s", "jitter": "1ms"}}))
    upstream.behave = faults.server_error
    connection = gateway.connect()
    connection.sendall(request(chat()))
    upstream.called()
    connection.close()
    until(lambda: gateway.metric("llm_active_requests") == 0, "the end of the exchange", within=0.9)
    assert upstream.count == 1


# The next candidate.


PASSED = MENDED + [faults.out_of_quota, faults.refuses_the_key, faults.limited_without_words]


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("fault", PASSED)
def test_the_next_candidate_answers(start, upstream, second_upstream, fault, streams):
    gateway = start(two(upstream, second_upstream))
    upstream.behave = fault
    reply = gateway.chat(stream=streams)
    assert (reply.status_code, reply.headers["x-sluice-model"]) == (200, "spare"), reply.text
    assert (upstream.count, second_upstream.count) == (1, 1)
    if streams:
        assert events(reply.content)[-1] == "[DONE]"


def test_a_candidate_is_tried_again_before_the_next_is_asked(start, upstream, second_upstream):
    gateway = start(two(upstream, second_upstream, {"retry": RETRY}))
    upstream.behave = faults.server_error
    reply = gateway.chat()
    assert reply.headers["x-sluice-model"] == "spare"
    assert (upstream.count, second_upstream.count) == (3, 1)
    assert gateway.exchange(reply)["attempts"] == 4


def test_a_request_that_is_wrong_is_not_taken_to_the_next_candidate(
    start, upstream, second_upstream
):
    gateway = start(two(upstream, second_upstream, {"retry": RETRY}))
    upstream.behave = faults.refuses_the_request
    assert gateway.chat().json()["error"]["code"] == "bad_tool"
    assert (upstream.count, second_upstream.count) == (1, 0)


def test_the_last_failure_is_told_when_every_candidate_failed(start, upstream, refusing):
    gateway = start(two(upstream, refusing))
    upstream.behave = faults.overloaded
    with pytest.raises(openai.InternalServerError) as caught:
        gateway.openai().chat.completions.create(model="auto", messages=MESSAGES)
    assert caught.value.code == "upstream_unreachable"


# Each failure by itself, as the SDK tells it.


TOLD = [
    (faults.resets, 502, "upstream_cut"),
    (faults.closes, 502, "upstream_cut"),
    (faults.sends_half_a_head, 502, "upstream_cut"),
    (faults.stalls, 504, "upstream_timeout"),
    (faults.stalls_in_the_body, 504, "upstream_idle_timeout"),
    (faults.html, 502, "upstream_invalid_reply"),
    (faults.html_error, 502, "upstream_failed"),
    (faults.malformed, 502, "upstream_invalid_reply"),
    (faults.not_an_answer, 502, "upstream_invalid_reply"),
    (faults.too_short, 502, "upstream_cut"),
    (faults.two_lengths, 502, "upstream_invalid_reply"),
    (faults.length_and_chunks, 502, "upstream_invalid_reply"),
    (faults.server_error, 500, "boom"),
    (faults.overloaded, 529, "overloaded_error"),
    (faults.limited, 429, "rate_limit_exceeded"),
    (faults.limited_without_words, 503, "upstream_unavailable"),
    (faults.out_of_quota, 429, "insufficient_quota"),
]


@pytest.fixture(scope="module")
def bare(shared_upstream, tmp_path_factory):
    """One gateway without breaker, retry or second candidate."""
    folder = tmp_path_factory.mktemp("bare")
    bundle = Bundle(folder / "bundle", one(shared_upstream))
    with Gateway(bundle.path, folder / "state") as gateway:
        gateway.upstream = shared_upstream
        yield gateway


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("fault, status, code", TOLD)
def test_every_failure_is_its_own_error_in_time(bare, fault, status, code, streams):
    bare.upstream.reset()
    bare.upstream.behave = fault
    began = time.monotonic()
    with pytest.raises(openai.APIStatusError) as caught:
        bare.openai().chat.completions.create(model="auto", messages=MESSAGES, stream=streams)
    assert time.monotonic() - began < 1.5
    assert (caught.value.status_code, caught.value.code) == (status, code)
    assert "MARKER" not in caught.value.message
    # A connection that was kept, and breaks, is replaced once: it may have been closed meanwhile.
    assert bare.upstream.count <= (2 if fault in (faults.resets, faults.closes) else 1)
    # What failed leaves nothing behind.
    bare.upstream.behave = default
    assert bare.chat().status_code == 200


def test_an_upstream_at_which_nobody_listens_is_told_as_such(start):
    refusing = RefusingUpstream()
    try:
        gateway = start(one(refusing, {"retry": RETRY}))
        with pytest.raises(openai.InternalServerError) as caught:
            gateway.openai().chat.completions.create(model="auto", messages=MESSAGES)
        assert caught.value.code == "upstream_unreachable"
    finally:
        refusing.close()


def test_a_wait_asked_for_reaches_the_client(bare):
    bare.upstream.reset()
    bare.upstream.behave = faults.limited_for(7)
    with pytest.raises(openai.RateLimitError) as caught:
        bare.openai().chat.completions.create(model="auto", messages=MESSAGES)
    assert caught.value.response.headers["retry-after"] == "7"


def test_a_connection_stays_sound_over_all_of_them(bare):
    with bare.connect() as connection:
        for fault, status, _ in TOLD:
            bare.upstream.behave = fault
            assert ask(connection, request(chat())).status == status
        bare.upstream.behave = default
        assert ask(connection, request(chat())).status == 200
