"""Budgets: no dollar beyond them is sent for, and a stream that runs past its hold is cut."""

import asyncio
import copy
import json
import threading
import time

import openai
import pytest

from harness.bundle import MODELS, policy
from harness.upstream import completion, delta
from harness.waiting import until

# Ten words that are a token each, three around a message, three before the reply.
MESSAGES = [{"role": "user", "content": " a" * 10}]
PROMPT = 16


def models(**small):
    """`small` at $1 and $100 a million, `large` at ten times that; both counted exactly."""
    made = copy.deepcopy(MODELS)
    made["small"].update(tokenizer="cl100k", price={"input": "$1/M", "output": "$100/M"}, **small)
    made["large"].update(tokenizer="cl100k", price={"input": "$10/M", "output": "$1000/M"})
    return made


def budgeted(upstream, budgets, **sections):
    return policy(upstream, models=models(), budgets=budgets, **sections)


def code(reply):
    return reply.status_code, reply.json()["error"]["code"]


def test_300_at_once_against_a_cap_that_admits_ten(start, upstream):
    # 16 tokens in and 100 out.
    gateway = start(budgeted(upstream, {"day": {"per": "day", "limit": "$0.10016"}}))
    release = threading.Event()

    def waits(call):
        call.hold(until=release, within=60)
        call.answer()

    upstream.behave = waits

    async def all_of_them():
        client = gateway.async_openai(max_retries=0, timeout=60)
        refused = []

        async def one():
            try:
                raw = await client.chat.completions.with_raw_response.create(
                    model="auto", messages=MESSAGES, max_tokens=100
                )
            except openai.APIStatusError as error:
                refused.append(error)
                # What those that are served do not spend of their holds is not to be had before.
                if len(refused) == 290:
                    release.set()
                return error.status_code
            return raw.status_code

        return await asyncio.gather(*(one() for _ in range(300)))

    try:
        statuses = asyncio.run(all_of_them())
    finally:
        release.set()
    assert upstream.count == 10
    assert statuses.count(200) == 10
    assert statuses.count(429) == 290


def test_a_refusal_names_the_budget_and_when_it_renews_and_is_not_tried_again(start, upstream):
    gateway = start(budgeted(upstream, {"day": {"per": "day", "limit": "$0.001"}}))
    reply = gateway.chat(messages=MESSAGES)
    assert code(reply) == (429, "insufficient_quota")
    assert reply.headers["x-should-retry"] == "false"
    assert "retry-after" not in reply.headers
    assert "`day`" in reply.json()["error"]["message"]
    assert "renews at 2" in reply.json()["error"]["message"]
    assert upstream.count == 0


def test_the_clamp_is_written_where_the_client_left_it_open_and_nothing_else(start, upstream):
    gateway = start(budgeted(upstream, {"day": {"per": "day", "limit": "$1000"}}))
    for sent, seen in [
        ({}, {"max_tokens": 4096}),
        ({"max_tokens": 10}, {"max_tokens": 10}),
        ({"max_tokens": 9000}, {"max_tokens": 4096}),
        ({"max_completion_tokens": 9000}, {"max_completion_tokens": 4096}),
        ({"max_completion_tokens": 7}, {"max_completion_tokens": 7}),
    ]:
        assert gateway.chat(messages=MESSAGES, top_p=0.5, **sent).status_code == 200
        body = upstream.calls[-1].json
        assert {name: body[name] for name in body if name.startswith("max_")} == seen
        assert body["top_p"] == 0.5
    reply = gateway.post(
        json.dumps({"model": "auto", "prompt": "Hello", "max_tokens": None}).encode(),
        path="/v1/completions",
    )
    assert reply.status_code in (200, 502)
    assert upstream.calls[-1].json["max_tokens"] == 4096


def test_what_does_not_fit_is_clamped_then_sent_elsewhere_then_refused(start, upstream):
    budgets = {
        "answer": {"per": "request", "limit": "$0.10", "on_exceed": ["clamp", {"to": "fast"}]},
    }
    routes = [{"name": "rest", "to": "powerful"}]
    gateway = start(
        budgeted(upstream, budgets, routes=routes, targets={"fast": ["small"], "powerful": ["large"]})
    )
    # Large: $0.00016 in, $0.001 a token of the answer.
    assert gateway.chat(messages=MESSAGES).headers["x-sluice-model"] == "large"
    assert upstream.calls[-1].json["max_tokens"] == 99
    # The input takes all but 15 tokens of an answer: less than `min_output` leaves.
    words = [{"role": "user", "content": " a" * 8400}]
    reply = gateway.chat(messages=words)
    assert reply.headers["x-sluice-model"] == "small"
    assert upstream.calls[-1].json["model"] == "vendor-small"
    assert "to_fast" in gateway.exchange(reply)["trail"]
    # Nowhere: the input alone is too dear for the cheaper one.
    budgets["answer"]["limit"] = "$0.005"
    gateway.bundle.save(
        budgeted(upstream, budgets, routes=routes, targets={"fast": ["small"], "powerful": ["large"]})
    )
    until(lambda: gateway.generation() == 2, "the lower limit")
    before = upstream.count
    reply = gateway.chat(messages=words)
    assert code(reply) == (400, "request_over_budget")
    assert reply.headers["x-should-retry"] == "false"
    assert upstream.count == before


def test_cache_only_serves_what_is_kept_marked_for_what_it_is(start, upstream):
    # One hold of 4096 tokens.
    budgets = {"day": {"per": "day", "limit": "$0.42", "on_exceed": ["cache_only"]}}
    products = {"assistant": {"cache": {"ttl": "1s", "stale_if_error": "1h"}}}
    gateway = start(budgeted(upstream, budgets, products=products))

    def dear(call):
        call.reply(200, completion("m", "x", usage={
            "prompt_tokens": 16, "completion_tokens": 1000, "total_tokens": 1016,
        }))

    upstream.behave = dear
    assert gateway.chat("kept").headers["x-sluice-cache"] == "miss"
    assert gateway.chat("kept").headers["x-sluice-cache"] == "exact"
    until(
        lambda: gateway.chat("kept").headers["x-sluice-cache"] == "stale", "the end of the TTL"
    )
    assert code(gateway.chat("not kept")) == (429, "insufficient_quota")
    assert upstream.count == 1


@pytest.mark.parametrize("usage", [False, True])
def test_a_runaway_stream_is_cut_within_a_chunk_and_ends_legally(start, upstream, usage):
    budgets = {
        "answer": {
            "per": "request", "limit": "$0.10", "on_exceed": ["clamp"], "notice": "cut to budget",
        },
    }
    gateway = start(budgeted(upstream, budgets))
    sent = []

    def runs_away(call):
        call.begin_stream()
        for number in range(10_000):
            call.chunk(delta("m", {"content": " b"}))
            sent.append(number)
            if number % 50 == 49:
                call.pause()
        call.hold()

    upstream.behave = runs_away
    options = {"stream_options": {"include_usage": True}} if usage else {}
    began = time.monotonic()
    stream = gateway.openai(max_retries=0).chat.completions.create(
        model="auto", messages=MESSAGES, stream=True, **options
    )
    chunks = list(stream)
    ended = time.monotonic()
    call = upstream.calls[-1]
    until(call.cancelled.is_set, "the upstream sees the cancel")
    assert ended - began < 15
    clamp = call.json["max_tokens"]
    assert clamp == 999
    assert len(sent) < 10_000
    texts = [each.choices[0].delta.content or "" for each in chunks if each.choices]
    # One chunk more than was held for, then the notice.
    assert "".join(texts) == " b" * (clamp + 1) + "\n\n[cut to budget]"
    finishes = [each.choices[0].finish_reason for each in chunks if each.choices]
    assert finishes[-1] == "length" and not any(finishes[:-1])
    assert len({each.id for each in chunks}) == 1
    if usage:
        assert chunks[-1].usage.completion_tokens == clamp + 1
        assert chunks[-1].usage.prompt_tokens == PROMPT
    line = gateway.exchange(stream.response)
    assert line["status"] == "cut"
    assert line["trail"].count(":cut") == 1
    assert gateway.metric("sluice_budget_overrun_dollars_total", model="small") == pytest.approx(
        0.0001, abs=0.00002
    )
    until(lambda: gateway.events("hold_overrun"), "the overrun in the log")


def test_the_async_client_reads_a_cut_stream_without_an_exception(start, upstream):
    gateway = start(
        budgeted(upstream, {"answer": {"per": "request", "limit": "$0.01", "on_exceed": ["clamp"]}})
    )

    def runs_away(call):
        call.begin_stream()
        for number in range(10_000):
            call.chunk(delta("m", {"content": " b"}))
            if number % 50 == 49:
                call.pause()

    upstream.behave = runs_away

    async def read():
        stream = await gateway.async_openai(max_retries=0).chat.completions.create(
            model="auto", messages=MESSAGES, stream=True
        )
        return [chunk async for chunk in stream]

    chunks = asyncio.run(read())
    assert chunks[-1].choices[0].finish_reason == "length"


def test_what_is_spent_is_counted_by_key_and_warned_of(start, upstream, keys):
    people = {name: keys.add(user=name)[1] for name in ["ada", "bob"]}
    budgets = {
        "user-day": {"per": "day", "key": "user.id", "limit": "$0.02", "warn_at": "50%"},
        "all": {"per": "month", "limit": "$5"},
    }
    gateway = start(
        budgeted(upstream, budgets, identity={"keys": "keys.jsonl"}, products=None)
    )

    def dear(call):
        call.reply(200, completion("m", "x", usage={
            "prompt_tokens": 16, "completion_tokens": 100, "total_tokens": 116,
        }))

    upstream.behave = dear

    def ask(who):
        return gateway.chat(messages=MESSAGES, key=people[who], max_tokens=100).status_code

    assert [ask("ada"), ask("ada"), ask("bob")] == [200, 429, 200]
    until(lambda: len(gateway.events("budget_runs_low")) == 2, "a warning for each")
    warnings = gateway.events("budget_runs_low")
    assert {(line["budget"], line["key"]) for line in warnings} == {
        ("user-day", "ada"), ("user-day", "bob"),
    }
    until(
        lambda: gateway.metric("sluice_budget_spent_dollars", budget="all")
        == pytest.approx(0.020032),
        "what both have spent",
    )
    assert gateway.metric("sluice_budget_exceeded_total", budget="user-day", step="deny") == 1


def test_a_budget_with_another_name_is_told_to_start_from_zero(start, upstream):
    def day(name, **more):
        return budgeted(upstream, {name: {"per": "day", "limit": "$5", **more}})

    gateway = start(day("company"))
    assert gateway.chat(messages=MESSAGES, max_tokens=100).status_code == 200
    until(lambda: gateway.metric("sluice_budget_spent_dollars", budget="company"), "spending")

    def last_reload():
        return gateway.events("reload")[-1]

    # A limit may change under the same name.
    gateway.bundle.write(day("company", on_exceed=["clamp"]))
    until(lambda: gateway.generation() == 2, "the second policy")
    until(lambda: last_reload()["generation"] == 2, "its line")
    assert "SL0417" not in last_reload()["codes"]
    gateway.bundle.write(day("firm"))
    until(lambda: gateway.generation() == 3, "the third policy")
    until(lambda: last_reload()["generation"] == 3, "its line")
    assert "SL0417" in last_reload()["codes"]
