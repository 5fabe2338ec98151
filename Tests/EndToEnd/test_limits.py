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

    until(lambda: codes().count(200) == 4, "the log lines of all four")
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
