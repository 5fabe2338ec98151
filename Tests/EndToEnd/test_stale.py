"""When nobody answers, what was right a while ago is told again: marked, in scope, within its time."""

import signal
import threading
import time

import pytest

from harness import faults
from harness.bundle import policy
from harness.resilient import one
from harness.upstream import default
from harness.waiting import until
from harness.wire import events

LONG = {"consecutive": 3, "recovery": "5m", "probes": 1}


@pytest.fixture
def served(start, upstream, keys):
    """Answers live two seconds, less what their expiry is spread by, so that they end at an age of one.

    Then they may be told again for an hour, those of `brief` a second.
    """
    cache = {"ttl": "2s", "stale_if_error": "1h"}
    products = {
        "public": {"cache": {"scope": "product", **cache, "tags": ["catalog"]}},
        "ours": {"cache": {"scope": "tenant", **cache}},
        "mine": {"cache": {"scope": "user", **cache}},
        "brief": {"cache": {"scope": "product", "ttl": "1s", "stale_if_error": "1s"}},
        "strict": {"cache": {"scope": "product", "ttl": "1s"}},
    }
    people = {
        name: keys.add(tenant=tenant, user=name, products=list(products))[1]
        for name, tenant in [("ada", "acme"), ("bob", "acme"), ("eve", "evil")]
    }
    gateway = start(
        one(upstream, {"breaker": LONG}, products=products, identity={"keys": "keys.jsonl"})
    )

    def asked(who="ada", product="public", prompt="Hello", **body):
        headers = {"x-sluice-product": product}
        return gateway.chat(prompt, key=people[who], headers=headers, **body)

    gateway.asked = asked
    return gateway


def outcome(reply):
    return reply.headers.get("x-sluice-cache") if reply.status_code == 200 else reply.status_code


def goes_down(gateway, upstream, fault=faults.server_error, **ask):
    """An answer is kept, its TTL passes, and the upstream fails meanwhile."""
    reply = gateway.asked(**ask)
    assert outcome(reply) == "miss"
    upstream.behave = fault
    until(lambda: outcome(gateway.asked(**ask)) != "exact", "the end of the TTL", within=5)
    return reply


DOWN = [faults.server_error, faults.resets, faults.stalls, faults.html, faults.limited,
        faults.out_of_quota]


@pytest.mark.parametrize("fault", DOWN)
def test_a_stale_answer_is_told_and_marked(served, upstream, fault):
    first = goes_down(served, upstream, fault)
    reply = served.asked()
    assert outcome(reply) == "stale"
    assert reply.json()["choices"] == first.json()["choices"]
    assert int(reply.headers["age"]) >= 1
    assert int(reply.headers["x-sluice-age"]) >= 1
    # What began with 200 may have been paid for, whatever it turned out to be.
    assert (float(reply.headers["x-sluice-cost"]) > 0) == (fault is faults.html)
    line = served.exchange(reply)
    assert (line["cache"], line["status"]) == ("stale", "success")


def test_a_stale_answer_is_told_as_a_stream_to_who_asks_for_one(served, upstream):
    goes_down(served, upstream)
    reply = served.asked(stream=True)
    data = events(reply.content)
    assert outcome(reply) == "stale" and data[-1] == "[DONE]"
    said = "".join(d["choices"][0]["delta"].get("content") or "" for d in data[:-1])
    assert said == "Water flows."


def test_while_the_breaker_is_open_a_stale_answer_comes_at_once(served, upstream):
    goes_down(served, upstream)
    for number in range(3):
        served.asked(prompt=f"other {number}")
    calls = upstream.count
    began = time.monotonic()
    assert outcome(served.asked()) == "stale"
    assert time.monotonic() - began < 0.9 and upstream.count == calls
    # What was never asked cannot be told again.
    reply = served.asked(prompt="new")
    assert reply.status_code == 503 and int(reply.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    "product, same_tenant, other_tenant",
    [("mine", 500, 500), ("ours", "stale", 500), ("public", "stale", "stale")],
)
def test_a_stale_answer_never_crosses_its_scope(
    served, upstream, product, same_tenant, other_tenant
):
    goes_down(served, upstream, product=product)
    assert outcome(served.asked("ada", product)) in ("stale", 503)
    # An open breaker says the same of what is not there.
    seen = [outcome(served.asked(who, product)) for who in ("bob", "eve")]
    assert [500 if code == 503 else code for code in seen] == [same_tenant, other_tenant]


@pytest.mark.parametrize(
    "selection", [{"product": "public"}, {"tag": "catalog"}, {"everything": True}]
)
def test_a_stale_answer_is_never_told_behind_its_invalidation(served, upstream, selection):
    goes_down(served, upstream)
    assert outcome(served.asked()) == "stale"
    assert served.order("/cache/invalidate", selection).status_code == 200
    assert outcome(served.asked()) in (500, 503)


def test_a_stale_answer_is_never_told_behind_its_time(served, upstream):
    goes_down(served, upstream, product="brief")
    until(lambda: outcome(served.asked(product="brief")) in (500, 503), "its end", within=5)


def test_a_product_that_allows_none_gets_none(served, upstream):
    goes_down(served, upstream, product="strict")
    assert outcome(served.asked(product="strict")) in (500, 503)


def test_an_error_of_the_request_is_told_rather_than_a_stale_answer(served, upstream):
    goes_down(served, upstream)
    upstream.behave = faults.refuses_the_request
    reply = served.asked(prompt="Hello")
    assert reply.status_code == 400 and reply.json()["error"]["code"] == "bad_tool"


def test_when_the_upstream_is_back_the_answer_is_fresh(served, upstream):
    goes_down(served, upstream)
    assert outcome(served.asked()) == "stale"
    upstream.behave = default
    assert outcome(served.asked()) == "miss"
    assert outcome(served.asked()) == "exact"


def test_a_deadline_that_passes_ends_in_a_stale_answer(start, upstream):
    products = {"assistant": {"cache": {"scope": "product", "ttl": "1s", "stale_if_error": "1h"}}}
    server = {"timeout": {"request": "500ms", "drain": "5s"}}
    gateway = start(
        one(upstream, {"timeout": {"first_byte": "20s"}}, products=products, server=server)
    )
    assert gateway.chat().status_code == 200
    upstream.behave = lambda call: call.hold()
    began = []

    def is_stale():
        began.append(time.monotonic())
        return gateway.chat().headers.get("x-sluice-cache") == "stale"

    until(is_stale, "a stale answer", within=5)
    assert 0.4 < time.monotonic() - began[-1] < 4
    fresh = gateway.chat("new")
    assert (fresh.status_code, fresh.json()["error"]["code"]) == (504, "deadline_exceeded")


def test_what_expired_is_served_at_once_while_the_next_is_asked_for(start, upstream):
    go = threading.Event()
    numbers = iter(range(1, 100))

    def behave(call):
        number = next(numbers)
        if number == 2:
            call.hold(until=go)
        call.answer(f"answer {number}")

    upstream.behave = behave
    gateway = start(policy(
        upstream,
        identity={"anonymous": {"products": ["support"]}},
        products={"support": {"cache": {
            "scope": "product", "ttl": "1s", "stale_while_revalidate": "1m",
        }}},
    ))

    def asked():
        reply = gateway.chat("What is a sluice?", timeout=5)
        return reply.headers["x-sluice-cache"], reply.json()["choices"][0]["message"]["content"]

    assert asked() == ("miss", "answer 1")
    until(lambda: asked() == ("stale", "answer 1"), "the end of its time")
    upstream.called(times=2)
    # One exchange asks, and nobody waits for it.
    for _ in range(5):
        assert asked() == ("stale", "answer 1")
    assert upstream.count == 2
    assert gateway.metric("sluice_background_exchanges") == 1
    go.set()
    until(
        lambda: gateway.metric(
            "sluice_background_exchanges_total", purpose="refresh", status="success"
        ) == 1,
        "the end of the refresh",
    )
    # Log lines are a moment behind.
    until(lambda: gateway.events("background"), "the line of the refresh")
    line = gateway.events("background")[0]
    assert (line["purpose"], line["status"], line["attempts"]) == ("refresh", "success", 1)
    assert line["trail"].endswith("store:stored")
    outcome, text = asked()
    assert outcome in ("exact", "stale") and text == "answer 2"


def test_a_kill_switch_stops_what_nobody_waits_for(start, upstream):
    gateway = start(policy(
        upstream,
        identity={"anonymous": {"products": ["support"]}},
        products={"support": {"cache": {
            "scope": "product", "ttl": "1s", "stale_while_revalidate": "1m",
        }}},
    ))
    gateway.chat("What is a sluice?")
    order = {"do": "cache_only", "scope": "everything", "reason": "a test"}
    assert gateway.order("/kill", order).status_code == 200

    def outcome():
        return gateway.chat("What is a sluice?").headers["x-sluice-cache"]

    until(lambda: outcome() == "stale", "the end of its time")
    until(
        lambda: gateway.metric(
            "sluice_background_exchanges_total", purpose="refresh", status="refused"
        ) >= 1,
        "the refusal",
    )
    assert upstream.count == 1


def test_draining_waits_for_the_background_and_then_cuts_it(start, upstream):
    upstream.behave = lambda call: (
        call.answer("old") if upstream.count == 1 else call.hold(within=30)
    )
    gateway = start(policy(
        upstream,
        server={"timeout": {"drain": "1s"}},
        identity={"anonymous": {"products": ["support"]}},
        products={"support": {"cache": {
            "scope": "product", "ttl": "1s", "stale_while_revalidate": "1m",
        }}},
    ))
    gateway.chat("What is a sluice?")
    until(
        lambda: gateway.chat("What is a sluice?").headers["x-sluice-cache"] == "stale",
        "the end of its time",
    )
    upstream.called(times=2)
    gateway.signal(signal.SIGTERM)
    assert gateway.wait() == 0
    # Log lines are a moment behind.
    until(lambda: gateway.events("background"), "the line of the refresh")
    line = gateway.events("background")[0]
    assert (line["status"], line["failure"]) == ("error", "draining")
