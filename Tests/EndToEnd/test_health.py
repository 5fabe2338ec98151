"""Who is asked apart from traffic, what is told of it, and what an operator can decide."""

import pytest

from harness import faults
from harness.resilient import RETRY, one, two
from harness.upstream import default
from harness.waiting import until

# Fast enough to watch.
CHECK = {
    "interval": "100ms", "timeout": "300ms", "unhealthy_threshold": 3, "healthy_threshold": 2
}
BREAKER = {"consecutive": 3, "recovery": "5m", "probes": 1}
CHECKED = {"breaker": BREAKER, "health_check": CHECK}


def sections(upstream):
    return one(upstream, {"breaker": BREAKER})


def breaker(gateway, model="small"):
    """What the admin listener says of a model's breaker."""
    rows = gateway.admin("GET", "/breakers").json()["breakers"]
    return next(row for row in rows if row["model"] == model)


def force(gateway, to, model="small", reason="vendor maintenance", **more):
    return gateway.order(
        "/breakers/force", {"model": model, "to": to, "reason": reason} | more
    )


def ready(gateway):
    reply = gateway.admin("GET", "/readyz")
    return reply.status_code, reply.json()


def probes(upstream):
    return [call for call in upstream.calls if call.method == "GET"]


def answers_checks(call):
    if call.method == "GET":
        call.reply(200, {"object": "list", "data": []})
    else:
        default(call)


def fails_checks(call):
    if call.method == "GET":
        call.reply(503, {"error": {"message": "MARKER down"}})
    else:
        default(call)


# Checks.


def test_an_upstream_that_goes_down_and_comes_back_is_noticed_without_traffic(start, upstream):
    upstream.behave = answers_checks
    gateway = start(one(upstream, CHECKED))
    until(lambda: len(probes(upstream)) >= 2, "two checks")
    assert gateway.metric("sluice_upstream_healthy", upstream="main") == 1
    assert ready(gateway) == (200, {"status": "ok", "unserved_routes": []})

    upstream.behave = fails_checks
    until(lambda: breaker(gateway)["state"] == "open", "an open breaker")
    row = breaker(gateway)
    assert row["cause"] == "unhealthy"
    assert row["health_check"]["state"] == "unhealthy"
    assert row["health_check"]["last_failure"] == "status 503"
    assert "next_try_at" in row and "since" in row
    assert gateway.metric("sluice_upstream_healthy", upstream="main") == 0
    assert gateway.metric("sluice_breaker_state", model="small", state="open") == 1
    assert gateway.metric("sluice_breaker_held", model="small", by="unhealthy") == 1
    status, body = ready(gateway)
    assert status == 503 and "rest" in body["unserved_routes"]

    reply = gateway.chat()
    assert (reply.status_code, reply.json()["error"]["code"]) == (503, "upstream_unavailable")
    assert int(reply.headers["retry-after"]) >= 1
    assert "breaker fast/small:unhealthy" in gateway.exchange(reply)["trail"]
    assert not [call for call in upstream.calls if call.method == "POST"]

    upstream.behave = answers_checks
    until(lambda: breaker(gateway)["state"] == "closed", "a closed breaker")
    assert ready(gateway)[0] == 200
    assert gateway.chat().status_code == 200
    until(lambda: len(gateway.events("health")) == 2, "the log lines")
    down, up = gateway.events("health")
    assert (down["state"], down["failure"], up["state"]) == ("unhealthy", "status 503", "healthy")
    assert "MARKER" not in gateway.out.text
    assert gateway.metric("sluice_health_checks_total", upstream="main", result="failure") >= 3


def test_a_check_is_asked_as_an_attempt_is_and_costs_nothing(start, upstream):
    upstream.behave = answers_checks
    gateway = start(one(upstream, CHECKED | {"secret": "env:UPSTREAM_KEY"}))
    until(lambda: len(probes(upstream)) >= 5, "five checks")
    check = probes(upstream)[0]
    assert (check.path, check.body) == ("/v1/models", b"")
    assert len(check.field("authorization")) == 1
    assert not check.field("content-type") and not check.field("content-length")
    # The connection is kept, and traffic is not counted.
    assert upstream.opened == 1
    assert gateway.metric("llm_request_duration_seconds_count", model="none") == 0


@pytest.mark.parametrize(
    "fault", [faults.resets, faults.closes, faults.stalls, faults.html_error, faults.two_lengths,
              faults.refuses_the_key],
)
def test_every_way_to_fail_is_noticed_and_the_next_candidate_answers(
    start, upstream, second_upstream, fault
):
    gateway = start(two(upstream, second_upstream, CHECKED))
    upstream.behave = fault
    until(lambda: breaker(gateway)["state"] == "open", "an open breaker")
    assert ready(gateway) == (200, {"status": "ok", "unserved_routes": []})
    upstream.reset()
    upstream.behave = fault
    reply = gateway.chat()
    assert (reply.status_code, reply.headers["x-sluice-model"]) == (200, "spare")
    assert not [call for call in upstream.calls if call.method == "POST"]


def test_nobody_at_the_address_is_noticed(start, refusing):
    gateway = start(one(refusing, CHECKED))
    until(lambda: breaker(gateway)["state"] == "open", "an open breaker")
    assert breaker(gateway)["health_check"]["last_failure"].startswith("connectRefused")


def test_checks_that_hang_do_not_pile_up(start, upstream):
    upstream.behave = faults.stalls
    gateway = start(one(upstream, CHECKED | {"timeout": {"first_byte": "20s"}}))
    until(lambda: breaker(gateway)["state"] == "open", "an open breaker")
    assert all(call.cancelled.wait(1) for call in upstream.calls[:3])
    assert sum(not call.cancelled.is_set() for call in list(upstream.calls)) <= 1


def test_a_reload_starts_changes_and_stops_checks(start, upstream):
    upstream.behave = fails_checks
    gateway = start(one(upstream, {"breaker": BREAKER}))
    assert gateway.metrics().get(("sluice_upstream_healthy", frozenset({("upstream", "main")}))) is None

    def reload(settings):
        before = gateway.generation()
        gateway.bundle.write(one(upstream, settings))
        until(lambda: gateway.generation() > before, "a reload")

    reload(CHECKED)
    until(lambda: breaker(gateway)["state"] == "open", "an open breaker")
    # Other numbers: what was found stays.
    slower = {"breaker": BREAKER, "health_check": CHECK | {"interval": "1m"}}
    reload(slower)
    assert breaker(gateway)["cause"] == "unhealthy"
    assert gateway.chat().status_code == 503
    # No checks: nobody would find it up again.
    reload({"breaker": BREAKER})
    assert breaker(gateway)["state"] == "closed"
    assert gateway.chat().status_code == 200
    assert "health_check" not in breaker(gateway)
    labels = frozenset({("upstream", "main")})
    assert ("sluice_upstream_healthy", labels) not in gateway.metrics()


def test_a_drain_does_not_wait_for_a_check(start, upstream):
    upstream.behave = faults.stalls
    gateway = start(one(upstream, CHECKED))
    upstream.called()
    assert gateway.stop() == 0


# Readiness.


def test_a_route_that_cannot_be_served_is_named_while_others_can(start, upstream):
    routes = [
        {"name": "hard", "when": 'request.model == "large"', "to": "powerful"},
        {"name": "rest", "to": "fast"},
    ]
    gateway = start(
        one(upstream, {"breaker": BREAKER}, routes=routes,
            targets={"fast": ["small"], "powerful": ["large"]})
    )
    force(gateway, "open", model="large")
    assert ready(gateway) == (200, {"status": "ok", "unserved_routes": ["hard"]})
    force(gateway, "open", model="small")
    status, body = ready(gateway)
    assert (status, body["unserved_routes"]) == (503, ["hard", "rest"])
    assert gateway.admin("GET", "/healthz").status_code == 200
    force(gateway, "automatic", model="small")
    assert ready(gateway)[0] == 200


def test_a_breaker_whose_time_has_come_is_ready_again_by_itself(start, upstream):
    gateway = start(
        one(upstream, {"breaker": BREAKER | {"recovery": "500ms"}},
            routes=[{"name": "all", "to": "fast"}], targets={"fast": ["small"]})
    )
    upstream.behave = faults.server_error
    for _ in range(3):
        gateway.chat()
    assert ready(gateway)[0] == 503
    until(lambda: ready(gateway)[0] == 200, "readiness", within=5)
    row = breaker(gateway)
    assert (row["state"], row["cause"]) == ("half_open", "failures")
    # Nobody asked meanwhile, and the metric says it all the same.
    assert gateway.metric("sluice_breaker_state", model="small", state="half_open") == 1


# Orders.


def test_forced_open_refuses_at_once_and_is_released(gateway):
    reply = force(gateway, "open", by="ada")
    assert reply.status_code == 200
    assert reply.json()["was"] == "closed"
    row = reply.json()["breaker"]
    assert (row["state"], row["cause"]) == ("open", "forced")
    forced = row["forced"]
    assert (forced["to"], forced["reason"], forced["by"]) == ("open", "vendor maintenance", "ada")
    assert gateway.metric("sluice_breaker_held", model="small", by="forced_open") == 1
    refused = gateway.chat()
    assert refused.json()["error"]["code"] == "upstream_unavailable"
    assert "breaker fast/small:forced" in gateway.exchange(refused)["trail"]
    assert gateway.upstream.count == 0
    page = gateway.admin("GET", "/").text
    assert "forced open by ada: vendor maintenance" in page

    reply = force(gateway, "automatic", reason="it is over", by="ada")
    assert (reply.json()["was"], reply.json()["breaker"]["state"]) == ("open", "closed")
    assert "forced" not in reply.json()["breaker"]
    assert gateway.metric("sluice_breaker_held", model="small", by="forced_open") == 0
    assert gateway.chat().status_code == 200

    until(lambda: len(gateway.events("breaker_forced")) >= 2, "the audit lines")
    lines = gateway.events("breaker_forced")[-2:]
    told = [(e["model"], e["to"], e["reason"], e["by"], e["before"], e["after"]) for e in lines]
    assert told == [
        ("small", "open", "vendor maintenance", "ada", "closed", "open"),
        ("small", "automatic", "it is over", "ada", "open", "closed"),
    ]
    assert all(e["client"].startswith("127.0.0.1:") for e in lines)


def test_forced_closed_forwards_whatever_fails(gateway):
    assert force(gateway, "closed").status_code == 200
    gateway.upstream.behave = faults.server_error
    assert [gateway.chat().status_code for _ in range(6)] == [500] * 6
    assert gateway.metric("sluice_breaker_held", model="small", by="forced_closed") == 1
    force(gateway, "automatic")


def test_a_reload_keeps_what_was_forced(start, upstream):
    made = one(upstream, {"breaker": BREAKER})
    gateway = start(made)
    force(gateway, "open")
    before = gateway.generation()
    gateway.bundle.write(made | {"products": {"assistant": {}, "other": {}}})
    until(lambda: gateway.generation() > before, "a reload")
    assert breaker(gateway)["forced"]["reason"] == "vendor maintenance"


def test_a_model_that_is_not_there_is_told_with_the_nearest(gateway):
    reply = force(gateway, "open", model="smal")
    error = reply.json()["error"]
    assert (reply.status_code, error["code"]) == (404, "model_not_found")
    assert "Did you mean `small`?" in error["message"]


def test_a_model_without_a_breaker_cannot_be_forced(start, upstream):
    gateway = start(one(upstream))
    assert breaker(gateway)["state"] == "none"
    reply = force(gateway, "open")
    assert (reply.status_code, reply.json()["error"]["code"]) == (409, "no_breaker")


@pytest.mark.parametrize(
    "body",
    [
        {}, {"model": "small", "to": "open"}, {"model": "small", "to": "open", "reason": ""},
        {"model": "small", "to": "shut", "reason": "r"}, {"to": "open", "reason": "r"},
        {"model": "small", "to": "open", "reason": "r", "until": "1h"},
        {"model": "small", "to": "open", "reason": "r" * 1001}, {"model": 1, "to": "open", "reason": "r"},
    ],
)
def test_an_order_says_what_and_why(gateway, body):
    reply = gateway.order("/breakers/force", body)
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "bad_body")
    assert "reason" in reply.json()["error"]["message"]


# Metrics.


def test_the_series_of_a_breaker_are_there_from_the_start_and_go_with_the_model(start, upstream):
    made = one(upstream, {"breaker": BREAKER})
    gateway = start(made)

    def states(model):
        return {
            dict(labels)["state"]: value
            for (name, labels), value in gateway.metrics().items()
            if name == "sluice_breaker_state" and dict(labels)["model"] == model
        }

    fresh = {"closed": 1, "open": 0, "half_open": 0}
    assert states("small") == fresh and states("large") == fresh
    before = gateway.generation()
    models = {name: model for name, model in made["models"].items() if name != "large"}
    gateway.bundle.write(made | {"models": models, "targets": {"fast": ["small"]}})
    until(lambda: gateway.generation() > before, "a reload")
    assert states("small") == fresh and states("large") == {}


def test_every_attempt_that_fails_is_counted_by_its_reason(start, upstream):
    gateway = start(one(upstream, {"retry": RETRY}))

    def failed(reason):
        labels = {"model": "small", "reason": reason}
        return gateway.metric("sluice_attempt_failures_total", **labels)

    page = gateway.metrics()
    key = ("sluice_attempt_failures_total",
           frozenset({("model", "small"), ("reason", "tlsFailed")}))
    assert page[key] == 0
    upstream.behave = faults.by_number(faults.server_error, faults.html, default)
    assert gateway.chat().status_code == 200
    assert (failed("serverError"), failed("invalidReply")) == (1, 1)
    assert failed("firstByteTimeout") == 0
