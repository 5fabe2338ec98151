"""The exact cache: who gets whose answer, for how long, and how many ask at once."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.bundle import policy
from harness.gateway import run
from harness.upstream import completion, delta
from harness.waiting import until
from harness.wire import ask, chat, events, request

MESSAGES = [{"role": "user", "content": "What is a sluice?"}]


def cached(upstream, **changes):
    """Three products, one for each scope; and one that forgets soon."""
    return policy(
        upstream,
        identity={"keys": "keys.jsonl"},
        products={
            "mine": {"cache": {"scope": "user", "ttl": "1h"}},
            "ours": {"cache": {"scope": "tenant", "ttl": "1h", "tags": ["catalog"]}},
            "public": {"cache": {"scope": "product", "ttl": "1h", "tags": ["catalog", "prices"]}},
            "brief": {"cache": {"scope": "product", "ttl": "1s"}},
            "never": {},
        },
        **changes,
    )


PRODUCTS = ["public", "mine", "ours", "brief", "never"]


@pytest.fixture
def served(start, upstream, keys):
    """A gateway, and keys of two users of one tenant and one of another, all with all products."""
    people = {
        name: keys.add(tenant=tenant, user=name, products=PRODUCTS)[1]
        for name, tenant in [("ada", "acme"), ("bob", "acme"), ("eve", "evil")]
    }
    gateway = start(cached(upstream))
    numbers = iter(range(1, 10_000))

    def behave(call):
        text = f"answer {next(numbers)}"
        if call.json.get("stream"):
            call.stream(text[:4], text[4:])
        else:
            call.answer(text)

    upstream.behave = behave

    def asked(who="ada", product="public", prompt="What is a sluice?", headers=None, **body):
        headers = {"x-sluice-product": product, **(headers or {})}
        return gateway.chat(prompt, key=people[who], headers=headers, **body)

    gateway.asked = asked
    gateway.people = people
    return gateway


def outcome(reply):
    assert reply.status_code == 200, reply.text
    return reply.headers["x-sluice-cache"]


def said(reply):
    """The text of an answer, plain or streamed."""
    if reply.headers["content-type"].startswith("text/event-stream"):
        data = events(reply.content)
        assert data[-1] == "[DONE]"
        assert data[-2]["choices"][0]["finish_reason"] == "stop"
        return "".join(d["choices"][0]["delta"].get("content") or "" for d in data[:-1])
    return reply.json()["choices"][0]["message"]["content"]


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("second", [False, True])
def test_what_was_answered_is_answered_again_however_it_is_asked(served, upstream, first, second):
    one = served.asked(stream=first)
    two = served.asked(stream=second)
    assert (outcome(one), outcome(two)) == ("miss", "exact")
    assert said(one) == said(two) == "answer 1"
    assert upstream.count == 1
    assert int(two.headers["x-sluice-age"]) >= 0 and two.headers["x-sluice-model"] == "small"
    # A hit costs nothing.
    assert float(two.headers["x-sluice-cost"]) == 0


def test_the_sdk_reads_a_hit_as_a_stream_with_usage_when_asked(served):
    served.asked()
    client = served.openai(served.people["ada"], default_headers={"X-Sluice-Product": "public"})
    chunks = list(
        client.chat.completions.create(
            model="auto", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
        )
    )
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "answer 1"
    assert chunks[-1].usage.total_tokens == 18
    plain = list(client.chat.completions.create(model="auto", messages=MESSAGES, stream=True))
    assert all(c.choices for c in plain)


def test_what_does_not_change_the_answer_is_not_in_the_key(served, upstream):
    served.asked(user="a")
    assert outcome(served.asked(user="b")) == "exact"
    assert outcome(served.asked(model="fast")) == "exact"
    body = b'{"messages":[{"content":"What is a \\u0073luice?","role":"user"}],  "model":"auto"}'
    headers = {"authorization": f"Bearer {served.people['ada']}", "x-sluice-product": "public"}
    assert outcome(served.post(body, **headers)) == "exact"
    assert upstream.count == 1


@pytest.mark.parametrize(
    "change",
    [{"temperature": 0.5}, {"max_tokens": 5}, {"tools": []}, {"n": 1}, {"seed": 1},
     {"model": "powerful"}, {"prompt": "What is a sluice? "}, {"unknown": None}],
)
def test_what_may_change_the_answer_is_in_the_key(served, change):
    served.asked()
    assert outcome(served.asked(**change)) == "miss"


@pytest.mark.parametrize(
    "product, same_tenant, other_tenant",
    [("mine", "miss", "miss"), ("ours", "exact", "miss"), ("public", "exact", "exact")],
)
def test_an_answer_never_crosses_its_scope(served, product, same_tenant, other_tenant):
    assert outcome(served.asked("ada", product)) == "miss"
    assert outcome(served.asked("ada", product)) == "exact"
    assert outcome(served.asked("bob", product)) == same_tenant
    assert outcome(served.asked("eve", product)) == other_tenant


def test_an_answer_never_crosses_its_product(served):
    served.asked(product="public")
    assert outcome(served.asked(product="brief")) == "miss"
    assert outcome(served.asked(product="never")) == "bypass"
    assert outcome(served.asked(product="never")) == "bypass"


def test_an_answer_lives_as_long_as_its_ttl(served):
    assert outcome(served.asked(product="brief")) == "miss"
    ages = []

    def is_forgotten():
        reply = served.asked(product="brief")
        if outcome(reply) == "exact":
            ages.append(int(reply.headers["x-sluice-age"]))
            return False
        return said(reply) != "answer 1"

    until(is_forgotten, "the end of a TTL of 1 s", within=5)
    assert ages and max(ages) < 1


def test_no_store_is_neither_looked_up_nor_kept(served):
    assert outcome(served.asked(headers={"cache-control": "no-store"})) == "bypass"
    assert outcome(served.asked()) == "miss"
    assert said(served.asked(headers={"cache-control": "no-store"})) == "answer 3"
    assert said(served.asked()) == "answer 2"


def test_no_cache_asks_anew_and_keeps_the_new_answer(served):
    served.asked()
    assert said(served.asked(headers={"cache-control": "no-cache"})) == "answer 2"
    assert outcome(served.asked()) == "exact"
    assert said(served.asked()) == "answer 2"


def invalidate(gateway, **selection):
    reply = gateway.order("/cache/invalidate", selection)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_an_acknowledged_invalidation_by_product_is_obeyed(served):
    served.asked(product="public"), served.asked(product="ours")
    assert 1 in invalidate(served, product="public").values()
    assert outcome(served.asked(product="public")) == "miss"
    assert outcome(served.asked(product="ours")) == "exact"


def test_an_acknowledged_invalidation_by_tag_is_obeyed(served):
    for product in ("public", "ours", "mine"):
        served.asked(product=product)
    invalidate(served, tag="prices")
    assert outcome(served.asked(product="public")) == "miss"
    assert outcome(served.asked(product="ours")) == "exact"
    invalidate(served, tag="catalog")
    assert outcome(served.asked(product="ours")) == "miss"
    assert outcome(served.asked(product="mine")) == "exact"


def test_an_acknowledged_invalidation_by_key_is_obeyed(served, tmp_path):
    served.asked()
    served.asked(prompt="Another")
    # `sluice trace` names the key of a request.
    file = tmp_path / "request.json"
    file.write_text(served.asked().request.content.decode())
    trail = run(
        "trace", served.bundle.path, "--request", file,
        "--as", "tenant=acme,user=ada,product=public", env={"UPSTREAM_KEY": "x"},
    )
    key = re.search(r"\b[0-9a-f]{64}\b", trail.stdout)
    assert key, trail.stdout + trail.stderr
    assert 1 in invalidate(served, key=key.group()).values()
    assert outcome(served.asked()) == "miss"
    assert outcome(served.asked(prompt="Another")) == "exact"


def test_a_trusted_caller_and_the_policy_s_expression_tag_answers(start, upstream, keys):
    _, plain = keys.add(tenant="acme", user="ada", products=["shop"])
    granted = run(
        "keys", "add", "--tenant", "acme", "--user", "eve", "--product", "shop", "--tags",
        "--state", keys.state,
    ).stdout.strip()
    tags = '["catalog", "region:" + headers["x-region"]]'
    gateway = start(policy(
        upstream,
        identity={"keys": "keys.jsonl"},
        products={"shop": {"cache": {"scope": "user", "ttl": "1h", "tags": tags}}},
    ))

    def asked(key, region="eu", tags="beta, spring"):
        headers = {"x-region": region, "x-sluice-cache-tags": tags}
        return gateway.chat("What does it cost?", key=key, headers=headers)

    def forgotten(tag):
        return invalidate(gateway, tag=tag)["forgotten"]

    asked(granted), asked(plain)
    assert forgotten("spring") == 1
    assert outcome(asked(plain)) == "exact"
    assert outcome(asked(granted)) == "miss"
    assert forgotten("region:us") == 0
    assert forgotten("region:eu") == 2
    # What cannot be named is not kept; what is no tag is told.
    assert outcome(asked(plain, region="not a tag")) == "bypass"
    bad = asked(granted, tags="a b")
    assert (bad.status_code, bad.json()["error"]["code"]) == (400, "invalid_cache_tags")
    assert all(not call.field("x-sluice-cache-tags") for call in upstream.calls)


def test_the_command_invalidates_and_says_who_and_why(served):
    for product in ("public", "ours", "mine"):
        served.asked(product=product)
    done = run(
        "invalidate", "--tag", "catalog", "--reason", "new prices", "--by", "ada",
        "--state", served.state,
    )
    assert done.stdout == "2 answers were forgotten\n", done.stderr
    until(lambda: served.events("cache_invalidated"), "the line")
    line = served.events("cache_invalidated")[0]
    said = {name: line[name] for name in ("selection", "name", "forgotten", "reason", "by")}
    assert said == {
        "selection": "tag", "name": "catalog", "forgotten": 2, "reason": "new prices", "by": "ada",
    }
    assert line["client"].startswith("127.0.0.1")
    assert run("invalidate", "--tag", "a", "--everything").returncode == 2


def test_everything_can_be_forgotten(served):
    for product in ("public", "ours", "mine"):
        served.asked(product=product)
    assert 3 in invalidate(served, everything=True).values()
    for product in ("public", "ours", "mine"):
        assert outcome(served.asked(product=product)) == "miss"


def test_an_answer_that_was_asked_for_before_an_invalidation_is_not_kept(served, upstream):
    go = threading.Event()
    upstream.behave = lambda call: (call.hold(until=go), call.answer("old price"))
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(served.asked)
        upstream.called()
        invalidate(served, product="public")
        go.set()
        assert said(asking.result()) == "old price"
    upstream.behave = lambda call: call.answer("new price")
    assert said(served.asked()) == "new price"


def test_only_whole_answers_are_kept(served, upstream):
    def cut(call):
        call.begin_stream()
        call.chunk(delta("m", {"content": "half"}))
        call.reset()

    failing = [
        (True, cut),
        (False, lambda call: call.reply(500, {"error": {"message": "x", "type": "server_error"}})),
        (False, lambda call: call.reply(200, completion("m", "cut", finish="length"))),
        (True, lambda call: call.stream("cut", finish="length")),
    ]
    for streams, behave in failing:
        upstream.behave = behave
        served.asked(stream=streams)
    upstream.behave = lambda call: call.answer("whole")
    assert said(served.asked()) == "whole"
    assert upstream.count == 5


def test_tool_calls_come_back_from_the_cache_as_they_were(served, upstream):
    call_of = {"id": "call_1", "type": "function",
               "function": {"name": "weather", "arguments": '{"city":"Ulm"}'}}
    body = completion("m", None, finish="tool_calls")
    body["choices"][0]["message"] = {"role": "assistant", "content": None, "tool_calls": [call_of]}
    upstream.behave = lambda call: call.reply(200, body)
    served.asked()
    client = served.openai(served.people["ada"], default_headers={"X-Sluice-Product": "public"})
    chunks = list(client.chat.completions.create(model="auto", messages=MESSAGES, stream=True))
    calls = [c.choices[0].delta.tool_calls for c in chunks if c.choices[0].delta.tool_calls]
    assert calls[0][0].id == "call_1" and calls[0][0].function.name == "weather"
    assert "".join(c[0].function.arguments or "" for c in calls) == '{"city":"Ulm"}'
    assert chunks[-1].choices[0].finish_reason == "tool_calls"
    assert upstream.count == 1


# One flight.


def followers(gateway, count):
    until(
        lambda: gateway.metric("sluice_flight_followers") == count, f"{count} followers of a flight"
    )


def held(upstream, go, **answer):
    def behave(call):
        call.hold(until=go)
        if call.json.get("stream"):
            call.stream("one ", "answer")
        else:
            call.answer("one answer")

    upstream.behave = behave


@pytest.mark.parametrize("streams", [False, True])
def test_fifty_equal_requests_at_once_ask_once(served, upstream, streams):
    go = threading.Event()
    held(upstream, go)
    with ThreadPoolExecutor(50) as pool:
        asking = [pool.submit(served.asked, stream=streams) for _ in range(50)]
        followers(served, 49)
        assert upstream.count == 1
        go.set()
        replies = [a.result() for a in asking]
    assert {said(r) for r in replies} == {"one answer"}
    assert sorted(map(outcome, replies)) == ["exact"] * 49 + ["miss"]
    assert upstream.count == 1
    followers(served, 0)


def leader(gateway, stream):
    connection = gateway.connect()
    fields = [("Authorization", f"Bearer {gateway.people['ada']}"), ("X-Sluice-Product", "public")]
    connection.sendall(request(chat("What is a sluice?", stream=stream), fields=fields))
    return connection


@pytest.mark.parametrize("streams", [False, True])
def test_a_leader_that_leaves_followers_behind_is_carried_on_for_them(served, upstream, streams):
    go = threading.Event()
    held(upstream, go)
    connection = leader(served, streams)
    call = upstream.called()
    with ThreadPoolExecutor(2) as pool:
        following = [pool.submit(served.asked, "bob", stream=s) for s in (False, True)]
        followers(served, 2)
        connection.close()
        # That nothing happens cannot be waited for; this is how long it is looked at.
        assert not call.cancelled.wait(0.3)
        go.set()
        assert {said(f.result()) for f in following} == {"one answer"}
    assert upstream.count == 1


@pytest.mark.parametrize("streams", [False, True])
def test_a_leader_that_leaves_nobody_behind_is_cancelled(served, upstream, streams):
    held(upstream, threading.Event())
    connection = leader(served, streams)
    call = upstream.called()
    connection.close()
    assert call.cancelled.wait(1)
    until(lambda: served.metric("llm_active_requests") == 0, "no active request")
    upstream.behave = lambda call: call.answer("later")
    assert said(served.asked()) == "later"


def test_when_the_leader_stores_nothing_one_follower_leads_on(served, upstream):
    go = threading.Event()

    def behave(call):
        call.hold(until=go)
        if upstream.calls[0] is call:
            call.reply(500, {"error": {"message": "x", "type": "server_error", "code": None}})
        else:
            call.answer("second try")

    upstream.behave = behave
    with ThreadPoolExecutor(10) as pool:
        asking = [pool.submit(served.asked) for _ in range(10)]
        followers(served, 9)
        go.set()
        replies = [a.result() for a in asking]
    codes = sorted(r.status_code for r in replies)
    assert codes == [200] * 9 + [500]
    assert upstream.count == 2


def test_a_follower_that_leaves_is_not_missed(served, upstream):
    go = threading.Event()
    held(upstream, go)
    with ThreadPoolExecutor(1) as pool:
        leading = pool.submit(served.asked)
        upstream.called()
        connection = leader(served, False)
        followers(served, 1)
        connection.close()
        followers(served, 0)
        go.set()
        assert said(leading.result()) == "one answer"
    assert upstream.count == 1


def test_different_users_of_a_private_product_do_not_share_a_flight(served, upstream):
    go = threading.Event()
    held(upstream, go)
    with ThreadPoolExecutor(2) as pool:
        asking = [pool.submit(served.asked, who, "mine") for who in ("ada", "bob")]
        upstream.called(2)
        go.set()
        assert [outcome(a.result()) for a in asking] == ["miss", "miss"]
