"""Limits: told in every header that clients know, and honoured by the SDK's own retry."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest

from harness.bundle import policy
from harness.waiting import until

MESSAGES = [{"role": "user", "content": "Hello"}]


def limited(upstream, **limits):
    return policy(
        upstream,
        identity={"keys": "keys.jsonl"},
        limits={name.replace("_", "-"): limit for name, limit in limits.items()},
    )


def test_beyond_the_rate_is_429_with_all_that_a_client_needs(start, upstream, keys):
    _, key = keys.add(user="ada")
    gateway = start(limited(upstream, per_user={"key": "user.id", "rate": "3/m"}))
    replies = [gateway.chat(key=key) for _ in range(4)]
    assert [r.status_code for r in replies] == [200, 200, 200, 429]
    assert [r.headers["x-ratelimit-remaining-requests"] for r in replies] == ["2", "1", "0", "0"]
    refused = replies[-1].headers
    assert replies[-1].json()["error"]["code"] == "rate_limit_exceeded"
    assert 1 <= int(refused["retry-after"]) <= 61
    assert refused["ratelimit-policy"] == '"per-user";q=3;w=60'
    assert re.fullmatch(r'"per-user";r=0;t=\d+', refused["ratelimit"])
    assert refused["x-ratelimit-limit-requests"] == "3"
    assert re.fullmatch(r"\d+s", refused["x-ratelimit-reset-requests"])
    assert upstream.count == 3
    with pytest.raises(openai.RateLimitError) as caught:
        gateway.openai(key).chat.completions.create(model="auto", messages=MESSAGES)
    assert caught.value.code == "rate_limit_exceeded"


def test_the_sdk_s_own_retry_waits_and_succeeds(start, upstream, keys):
    _, key = keys.add(user="ada")
    gateway = start(limited(upstream, per_user={"key": "user.id", "rate": "2/2s"}))
    client = gateway.openai(key, max_retries=3)
    for _ in range(4):
        assert client.chat.completions.create(model="auto", messages=MESSAGES)

    def codes():
        return [event["http"] for event in gateway.events("exchange")]

    until(lambda: codes().count(200) == 4, "the log lines of four answers")
    assert 429 in codes()
    assert upstream.count == 4


def test_users_are_counted_apart_and_tiers_have_their_own_rate(start, upstream, keys):
    _, free = keys.add(user="ada", tier="free")
    _, other = keys.add(user="bob", tier="free")
    _, premium = keys.add(user="eve", tier="premium")
    gateway = start(
        limited(upstream, per_user={"key": "user.id", "rate": "1/h", "tiers": {"premium": "3/h"}})
    )

    def admitted(key):
        return [gateway.chat(key=key).status_code for _ in range(4)].count(200)

    assert (admitted(free), admitted(other), admitted(premium)) == (1, 1, 3)


def test_a_limit_without_a_key_counts_everybody(start, upstream, keys):
    _, ada = keys.add(user="ada")
    _, bob = keys.add(user="bob")
    gateway = start(limited(upstream, everybody={"rate": "2/h"}))
    assert [gateway.chat(key=k).status_code for k in (ada, bob, ada)] == [200, 200, 429]


def test_as_many_as_allowed_are_in_flight_and_no_more(start, upstream, keys):
    _, key = keys.add(user="ada")
    go = threading.Event()

    def behave(call):
        call.hold(until=go)
        call.answer()

    upstream.behave = behave
    gateway = start(limited(upstream, in_flight={"key": "user.id", "concurrent": 8}))
    with ThreadPoolExecutor(8) as pool:
        running = [pool.submit(gateway.chat, key=key) for _ in range(8)]
        upstream.called(8)
        for _ in range(3):
            refused = gateway.chat(key=key)
            assert refused.status_code == 429
            assert refused.json()["error"]["code"] == "too_many_concurrent_requests"
            assert refused.headers["retry-after"] == "1"
        go.set()
        assert [r.result().status_code for r in running] == [200] * 8
    assert gateway.chat(key=key).status_code == 200
    assert upstream.count == 9


def test_a_client_that_leaves_gives_its_place_back(start, upstream, keys):
    _, key = keys.add(user="ada")
    upstream.behave = lambda call: call.hold()
    gateway = start(limited(upstream, in_flight={"key": "user.id", "concurrent": 1}))
    with pytest.raises(openai.APITimeoutError):
        gateway.openai(key, timeout=0.5).chat.completions.create(model="auto", messages=MESSAGES)
    upstream.behave = lambda call: call.answer()
    until(lambda: gateway.chat(key=key).status_code == 200, "the place is free again")


def test_a_burst_of_threads_gets_exactly_what_the_rate_admits(start, upstream, keys):
    _, key = keys.add(user="ada")
    gateway = start(limited(upstream, per_user={"key": "user.id", "rate": "20/h"}))
    with ThreadPoolExecutor(16) as pool:
        codes = list(pool.map(lambda _: gateway.chat(key=key).status_code, range(60)))
    assert codes.count(200) == 20 and codes.count(429) == 40
    assert upstream.count == 20


def test_what_was_counted_survives_a_reload(start, upstream, keys):
    _, key = keys.add(user="ada")
    sections = limited(upstream, per_user={"key": "user.id", "rate": "3/h"})
    gateway = start(sections)
    assert [gateway.chat(key=key).status_code for _ in range(2)] == [200, 200]
    sections["routes"][1]["name"] = "changed"
    gateway.bundle.save(sections)
    until(lambda: gateway.generation() == 2, "the new policy")
    replies = [gateway.chat(key=key) for _ in range(2)]
    assert [r.status_code for r in replies] == [200, 429]
    assert replies[0].headers["x-sluice-route"] == "changed"


# Tokens. "Hello" is one, with six around it; the model `small` answers up to 4,096; the scripted
# upstream counts 11 and 7, and Sluice three words and marks of its answer.
RESERVED = 7 + 4096
COUNTED = 18
OWN_COUNT = 7 + 3


def tokens(upstream, rate, **sections):
    return policy(
        upstream,
        **{
            "identity": {"keys": "keys.jsonl"},
            "limits": {"spent": {"key": "user.id", "rate": f"{rate} tokens/h"}},
            **sections,
        },
    )


def remaining(reply):
    return int(reply.headers["x-ratelimit-remaining-tokens"])


def test_tokens_beyond_the_rate_are_429_until_they_are_given_back(start, upstream, keys):
    _, key = keys.add(user="ada")
    _, other = keys.add(user="bob")
    go = threading.Event()

    def behave(call):
        call.hold(until=go)
        call.answer()

    upstream.behave = behave
    gateway = start(tokens(upstream, 5000))
    with ThreadPoolExecutor(3) as pool:
        running = [pool.submit(gateway.chat, key=k) for k in (key, other)]
        upstream.called(2)
        refused = gateway.chat(key=key)
        assert refused.status_code == 429
        error = refused.json()["error"]
        assert (error["type"], error["code"]) == ("tokens", "rate_limit_exceeded")
        fields = refused.headers
        assert 3600 <= int(fields["retry-after"]) <= 3660
        assert int(fields["retry-after-ms"]) > 3_500_000
        assert fields["ratelimit-policy"] == '"spent";q=5000;w=3600;qu="tokens"'
        assert re.fullmatch(rf'"spent";r={5000 - RESERVED};t=\d+', fields["ratelimit"])
        assert fields["x-ratelimit-limit-tokens"] == "5000"
        assert remaining(refused) == 5000 - RESERVED
        assert re.fullmatch(r"\d+s", fields["x-ratelimit-reset-tokens"])
        assert "x-ratelimit-limit-requests" not in fields
        with pytest.raises(openai.RateLimitError) as caught:
            gateway.openai(key).chat.completions.create(model="auto", messages=MESSAGES)
        assert caught.value.code == "rate_limit_exceeded"
        # Who asks for less is still let in.
        small = pool.submit(gateway.chat, key=key, max_tokens=100)
        upstream.called(3)
        go.set()
        assert [r.result().status_code for r in running] == [200] * 2
        assert small.result().status_code == 200
    after = gateway.chat(key=key)
    assert after.status_code == 200
    assert remaining(after) == 5000 - 2 * COUNTED - RESERVED
    passed = {"node": "limit spent fast", "exit": "refused"}
    until(lambda: gateway.metric("sluice_exit_total", **passed) == 2, "two refusals")


def test_a_short_answer_gives_back_streamed_or_not(start, upstream, keys):
    _, key = keys.add(user="ada")
    gateway = start(tokens(upstream, 5000))
    client = gateway.openai(key)
    for turn in range(6):
        stream = turn % 2 == 1
        reply = client.chat.completions.with_raw_response.create(
            model="auto", messages=MESSAGES, stream=stream
        )
        assert remaining(reply) == 5000 - turn * COUNTED - RESERVED
        if stream:
            text = [c.choices[0].delta.content or "" for c in reply.parse() if c.choices]
            assert "".join(text) == "Water flows."
            gateway.exchange(reply.headers["x-request-id"])
    assert upstream.count == 6


def test_what_became_of_the_answer_decides_what_it_took(start, upstream, keys):
    _, key = keys.add(user="ada")
    gateway = start(tokens(upstream, 40_000))
    error = {"error": {"message": "no", "type": "x", "param": None, "code": "y"}}

    behaviours = [
        (0, lambda call: call.reply(500, error)),
        (0, lambda call: call.reply(400, error)),
        (COUNTED, lambda call: call.answer()),
        (OWN_COUNT, lambda call: call.answer(usage=None)),
        (RESERVED, lambda call: call.reset()),
    ]
    taken = 0
    for took, behave in behaviours:
        upstream.behave = behave
        assert remaining(gateway.chat(key=key)) == 40_000 - taken - RESERVED
        taken += took
    # More than was reserved is owed.
    upstream.behave = lambda call: call.answer(
        usage={"prompt_tokens": 11, "completion_tokens": 39_000, "total_tokens": 39_011}
    )
    assert gateway.chat(key=key).status_code == 200
    refused = gateway.chat(key=key, max_tokens=1)
    assert (refused.status_code, remaining(refused)) == (429, 0)


def test_a_cached_answer_is_free(start, upstream, keys):
    _, key = keys.add(user="ada", products=["help"])
    gateway = start(
        tokens(
            upstream,
            5000,
            products={"help": {"cache": {"scope": "product", "ttl": "1h"}}},
        )
    )
    assert remaining(gateway.chat(key=key)) == 5000 - RESERVED
    for _ in range(3):
        hit = gateway.chat(key=key)
        assert hit.headers["x-sluice-cache"] == "exact"
        assert "x-ratelimit-remaining-tokens" not in hit.headers
    assert remaining(gateway.chat("Another", key=key)) == 5000 - COUNTED - RESERVED


def test_what_never_fits_is_400_and_is_not_tried_again(start, upstream, keys):
    _, key = keys.add(user="ada")
    gateway = start(tokens(upstream, 2000))
    client = gateway.openai(key, max_retries=3)
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="auto", messages=MESSAGES)
    assert (caught.value.code, caught.value.param) == ("request_too_large", "max_tokens")
    long = [{"role": "user", "content": " a" * 3000}]
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="auto", messages=long, max_tokens=1)
    assert caught.value.param == "messages"
    assert upstream.count == 0
    assert client.chat.completions.create(model="auto", messages=MESSAGES, max_tokens=1993)
    # Once each: the SDK does not try again.
    until(lambda: len(gateway.events("exchange")) == 3, "the log lines of three exchanges")


def test_the_sdk_s_own_retry_waits_for_tokens(start, upstream, keys):
    _, key = keys.add(user="ada")
    limits = {"spent": {"key": "user.id", "rate": "30 tokens/2s"}}
    gateway = start(tokens(upstream, 1, limits=limits))
    client = gateway.openai(key, max_retries=3)
    for _ in range(3):
        assert client.chat.completions.create(model="auto", messages=MESSAGES, max_tokens=12)
    assert upstream.count == 3
    until(
        lambda: 429 in [event["http"] for event in gateway.events("exchange")],
        "the log line of a refusal",
    )
