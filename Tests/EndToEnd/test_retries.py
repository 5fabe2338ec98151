"""A failure that another try mends is not seen; one that it cannot mend is not tried again."""

import time

import openai
import pytest

from harness import faults
from harness.resilient import RETRY, TIMEOUT, one, two
from harness.upstream import default, delta
from harness.waiting import until
from harness.wire import chat, events, request

MESSAGES = [{"role": "user", "content": "What is a sluice?"}]


def sections(upstream):
    return one(upstream, {"retry": RETRY})


MENDED = [
    faults.resets, faults.closes, faults.stalls, faults.sends_half_a_head,
    faults.stalls_in_the_body, faults.html, faults.html_error, faults.server_error,
    faults.overloaded, faults.limited, faults.malformed, faults.not_an_answer, faults.too_short,
    faults.two_lengths, faults.length_and_chunks, faults.too_long, faults.bad_chunk_size,
    faults.chunk_without_its_end,
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
        (faults.redirects, 502, "upstream_redirected"),
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
    assert time.monotonic() - began < 5
    assert (reply.status_code, reply.headers["retry-after"]) == (429, "30")
    assert upstream.count == 1


@pytest.mark.parametrize("streams", [False, True])
def test_all_tries_together_end_at_the_deadline_of_the_request(start, upstream, streams):
    server = {"timeout": {"request": "1s", "drain": "5s"}}
    brief = TIMEOUT | {"first_byte": "300ms"}
    gateway = start(one(upstream, {"retry": RETRY | {"attempts": 10}, "timeout": brief}, server=server))
    upstream.behave = faults.stalls
    began = time.monotonic()
    reply = gateway.chat(stream=streams)
    assert 0.6 < time.monotonic() - began < 4
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
    until(lambda: gateway.metric("llm_active_requests") == 0, "the end of the exchange")
    assert upstream.count == 1


# The next candidate.


PASSED = MENDED + [
    faults.out_of_quota, faults.refuses_the_key, faults.limited_without_words, faults.redirects,
    faults.not_http,
]


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


@pytest.mark.parametrize("is_first", [True, False])
def test_an_upstream_s_own_words_are_told_rather_than_that_another_was_away(
    start, upstream, refusing, is_first
):
    gateway = start(two(upstream, refusing) if is_first else two(refusing, upstream))
    upstream.behave = faults.overloaded
    with pytest.raises(openai.InternalServerError) as caught:
        gateway.openai().chat.completions.create(model="auto", messages=MESSAGES)
    assert (caught.value.status_code, caught.value.code) == (529, "overloaded_error")
    # The model that spoke, not the last that was asked.
    line = gateway.exchange(caught.value.response)
    assert line["model"] == ("small" if is_first else "spare")


def test_the_earliest_time_that_anybody_named_is_told(start, upstream, second_upstream):
    gateway = start(two(upstream, second_upstream))
    upstream.behave = faults.limited_for(7)
    second_upstream.behave = faults.limited_for(40)
    reply = gateway.chat()
    assert (reply.status_code, reply.headers["retry-after"]) == (429, "7")


def test_a_candidate_that_may_yet_answer_makes_it_worth_trying_again(
    start, upstream, second_upstream
):
    breaker = {"consecutive": 1, "recovery": "5m", "probes": 1}
    gateway = start(two(upstream, second_upstream, other={"breaker": breaker}))
    upstream.behave = faults.out_of_quota
    second_upstream.behave = faults.resets
    assert gateway.chat().status_code == 502
    reply = gateway.chat()
    assert (reply.status_code, reply.json()["error"]["code"]) == (503, "upstream_unavailable")
    assert 290 <= int(reply.headers["retry-after"]) <= 300
