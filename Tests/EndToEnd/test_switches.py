"""Kill switches: rules that trip, persons who stop spending, and what survives."""

import json
import signal
import threading
import time

import openai
import pytest

from harness.bundle import policy
from harness.gateway import run
from harness.upstream import delta
from harness.waiting import until

# A call of the small model costs some $0.00003 at the least; two cross this.
RUNAWAY = {"when": 'spend("1m") > usd("0.00003")', "do": "deny", "for": "10m"}


def switched(upstream, rule=None, **sections):
    return policy(upstream, kill_switches={"runaway": {**RUNAWAY, **(rule or {})}}, **sections)


def refusal(reply):
    assert reply.status_code == 429, reply.text
    assert reply.headers["x-should-retry"] == "false"
    assert reply.json()["error"]["code"] == "insufficient_quota"
    return reply.json()["error"]["message"]


def trip(gateway, **ask):
    """Asks until the rule has tripped."""
    for number in range(20):
        reply = gateway.chat(f"question {number}", **ask)
        if reply.status_code != 200:
            return reply
    raise AssertionError("it never tripped")


def kill(gateway, scope="everything", do="deny", **more):
    reply = gateway.order("/kill", {"do": do, "scope": scope, "reason": "a drill", **more})
    assert reply.status_code == 200, reply.text
    return reply.json()


def command(gateway, *arguments):
    return run(*arguments, "--state", gateway.state)


def test_a_rule_trips_and_is_told(start, upstream):
    gateway = start(switched(upstream))
    message = refusal(trip(gateway))
    assert "`runaway` is on until 20" in message
    asked = upstream.count
    refusal(gateway.chat("again"))
    assert upstream.count == asked
    (row,) = gateway.admin("GET", "/switches").json()["switches"]
    assert (row["switch"], row["do"], row["by"]) == ("runaway", "deny", "rule")
    assert gateway.metric("sluice_kill_switch_active", switch="runaway") == 1
    assert gateway.metric(
        "sluice_kill_switch_transitions_total", switch="runaway", to="on"
    ) == 1
    event = until(lambda: gateway.events("kill_switch"), "the change in the log")[0]
    assert (event["switch"], event["to"], event["by"]) == ("runaway", "on", "rule")
    assert "runaway" in gateway.admin("GET", "/").text


def test_a_rule_ends_with_its_time(start, upstream):
    gateway = start(switched(upstream, {"for": "1s"}))
    refusal(trip(gateway))
    until(lambda: gateway.chat("later").status_code == 200, "the end of the switch")

    def changes():
        # What it let through may have extended it, or tripped it anew.
        return [(e["to"], e["by"]) for e in gateway.events("kill_switch") if e["to"] != "extended"]

    until(
        lambda: changes()[:2] == [("on", "rule"), ("off", "time")], "both changes in the log"
    )


def test_each_value_of_a_key_has_its_own_switch(start, upstream, keys):
    _, ada = keys.add(tenant="acme", user="ada")
    _, eve = keys.add(tenant="acme", user="eve")
    gateway = start(
        switched(upstream, {"key": "user.id"}, identity={"keys": "keys.jsonl"})
    )
    refusal(trip(gateway, key=eve))
    assert gateway.chat("mine", key=ada).status_code == 200


def test_cache_only_answers_what_it_knows(start, upstream):
    cache = {"scope": "product", "ttl": "1s", "stale_if_error": "1h"}
    gateway = start(switched(upstream, {"do": "cache_only"}, products={"assistant": {"cache": cache}}))
    assert gateway.chat("known").status_code == 200
    refusal(trip(gateway))
    asked = upstream.count
    until(
        lambda: gateway.chat("known").headers.get("x-sluice-cache") == "stale",
        "the end of the answer's time",
    )
    refusal(gateway.chat("unknown"))
    assert upstream.count == asked


@pytest.mark.parametrize("rules", [True, False])
def test_a_person_stops_new_spending_at_once(start, upstream, rules):
    """Under 32 connections; with holds, and where the policy has nothing to hold."""
    gateway = start(
        switched(upstream, {"when": 'spend("1m") > usd("1000")'}) if rules else policy(upstream),
        arguments=["--loops", "2"],
    )
    is_over = threading.Event()
    # Of each worker: when it asked, and whether it was served.
    seen = [[] for _ in range(32)]

    def ask(worker):
        client = gateway.openai()
        number = 0
        while not is_over.is_set():
            number += 1
            asked_at = time.monotonic()
            try:
                client.chat.completions.create(
                    model="auto", messages=[{"role": "user", "content": f"{worker} {number}"}]
                )
                seen[worker].append((asked_at, True))
            except openai.RateLimitError:
                seen[worker].append((asked_at, False))

    workers = [threading.Thread(target=ask, args=(n,)) for n in range(32)]
    for worker in workers:
        worker.start()
    try:
        upstream.called(64, within=30)
        kill(gateway)
        killed_at = time.monotonic()

        def answers_since():
            return [[is_served for at, is_served in row if at > killed_at] for row in seen]

        # Whatever had passed the switch by then is over when its worker has asked anew.
        until(lambda: all(answers_since()), "an answer to every worker", 30)
        count = upstream.count
        until(lambda: all(len(row) > 3 for row in answers_since()), "more refusals", 30)
        assert upstream.count == count
        assert not any(is_served for row in answers_since() for is_served in row)
    finally:
        is_over.set()
        for worker in workers:
            worker.join(15)
    released = gateway.order("/revive", {"everything": True, "reason": "over"})
    assert released.json() == {"released": 1, "switches": []}
    assert gateway.chat("after").status_code == 200
    until(lambda: len(gateway.events("spending_order")) == 2, "both orders in the log")
    orders = gateway.events("spending_order")
    assert [(o["order"], o["reason"], o["by"]) for o in orders] == [
        ("kill", "a drill", "admin"), ("revive", "over", "admin"),
    ]


def test_a_scope_stops_no_more_than_it_says(start, upstream, keys):
    _, ada = keys.add(tenant="acme", user="ada")
    _, eve = keys.add(tenant="evil", user="eve")
    gateway = start(policy(upstream, identity={"keys": "keys.jsonl"}))
    kill(gateway, {"tenant": "evil"})
    kill(gateway, {"model": "large"})
    assert "a drill" in refusal(gateway.chat(key=eve))
    assert gateway.chat("one", key=ada).status_code == 200
    refusal(gateway.chat("two", key=ada, model="large"))
    # A target falls back to what may be asked: nothing here, since the switch ends the exchange.
    reply = gateway.order("/revive", {"scope": {"model": "large"}, "reason": "x"})
    assert reply.json()["released"] == 1
    assert gateway.chat("three", key=ada, model="large").status_code == 200


def test_a_running_stream_is_cut_and_its_upstream_told(start, upstream):
    def drips(call):
        call.begin_stream()
        call.chunk(delta(call.json["model"], {"role": "assistant", "content": "Wa"}))
        call.hold()

    upstream.behave = drips
    gateway = start(policy(upstream))
    stream = gateway.openai().chat.completions.create(
        model="auto", messages=[{"role": "user", "content": "go on"}], stream=True
    )
    assert next(stream).choices[0].delta.content == "Wa"
    assert kill(gateway, running="finish")["cut"] == 0
    assert not upstream.calls[0].cancelled.is_set()
    assert kill(gateway, running="cut")["cut"] == 1
    until(upstream.calls[0].cancelled.is_set, "the end of the call")
    # A legal ending that does not look complete.
    assert [chunk.choices[0].finish_reason for chunk in stream if chunk.choices][-1] == "length"


def test_what_is_on_survives_a_crash(start, upstream, tmp_path):
    gateway = start(switched(upstream))
    refusal(trip(gateway))
    kill(gateway, {"user": "nobody"}, do="cache_only", by="ops")
    gateway.signal(signal.SIGKILL)
    gateway.wait()
    again = start(switched(upstream), state=gateway.state)
    asked = upstream.count
    assert "runaway" in refusal(again.chat("after the crash"))
    assert upstream.count == asked
    rows = again.admin("GET", "/switches").json()["switches"]
    assert [(row["switch"], row["do"]) for row in rows] == [
        ("runaway", "deny"), ("manual", "cache_only"),
    ]
    until(
        lambda: {event["switch"] for event in again.events("kill_switch")} == {"runaway", "manual"},
        "what was restored in the log",
    )
    # A rule that is gone takes its switch along; a person's stays.
    again.bundle.save(policy(upstream))
    until(lambda: again.generation() == 2, "the reload")
    assert again.chat("free").status_code == 200
    assert len(again.admin("GET", "/switches").json()["switches"]) == 1


def test_the_command_kills_and_revives(start, upstream):
    gateway = start(policy(upstream))
    done = command(gateway, "kill", "--everything", "--reason", "3 a.m.", "--for", "1h", "--by", "ops")
    assert done.returncode == 0, done.stderr
    assert "manual everything: deny since" in done.stdout
    assert "3 a.m." in refusal(gateway.chat())
    assert "3 a.m." in command(gateway, "switches").stdout
    done = command(gateway, "revive", "--everything", "--reason", "fixed")
    assert (done.returncode, done.stdout) == (0, "1 switches were released\nno kill switch is on\n")
    assert gateway.chat().status_code == 200
    done = command(gateway, "revive", "--everything", "--reason", "again")
    assert done.returncode != 0 and "No switch is on that fits" in done.stderr
    assert run("kill", "--reason", "x", "--state", gateway.state).returncode == 2
    gateway.stop()
    done = command(gateway, "kill", "--everything", "--reason", "nobody there")
    assert done.returncode == 3 and "no gateway answers" in done.stderr


def test_orders_are_read_strictly_and_need_the_token(start, upstream, keys):
    _, key = keys.add(tenant="acme", user="ada")
    gateway = start(policy(upstream, identity={"keys": "keys.jsonl"}))
    good = {"do": "deny", "scope": "everything", "reason": "x"}
    for change in [
        {"do": "stop"}, {"scope": {}}, {"scope": "all"}, {"scope": {"team": "x"}}, {"reason": ""},
        {"for": "soon"}, {"for": "1ms"}, {"running": "maybe"}, {"extra": "x"}, {"reason": "x" * 2000},
    ]:
        reply = gateway.order("/kill", {**good, **change})
        assert reply.status_code == 400, change
    for path, body in [("/kill", good), ("/revive", {"everything": True, "reason": "x"})]:
        assert gateway.admin("POST", path, body).status_code == 401
        assert gateway.admin("POST", path, body, token=key).status_code == 403
    assert gateway.admin("GET", "/switches").json() == {"switches": []}
    assert gateway.chat(key=key).status_code == 200


def test_budgets_can_be_looked_at(start, upstream):
    budgets = {
        "user-day": {"per": "day", "key": "user.id", "limit": "$2", "tiers": {"premium": "$20"}},
        "company": {"per": "month", "limit": "$1000"},
    }
    gateway = start(policy(upstream, budgets=budgets))
    reply = gateway.chat("one")
    assert reply.status_code == 200
    cost = float(reply.headers["x-sluice-cost"])

    def rows(query=""):
        return {row["budget"]: row for row in gateway.admin("GET", f"/budgets{query}").json()["budgets"]}

    until(lambda: float(rows()["company"]["accounts"][0]["held"]) == 0, "the settlement")
    (account,) = rows()["user-day"]["accounts"]
    assert account["key"].startswith("ip:")
    assert float(account["spent"]) == pytest.approx(cost)
    assert float(account["remaining"]) == pytest.approx(2 - cost)
    assert float(account["remaining_by_tier"]["premium"]) == pytest.approx(20 - cost)
    (none,) = rows("?budget=user-day&key=nobody")["user-day"]["accounts"]
    assert float(none["spent"]) == 0
    assert list(rows("?budget=company")) == ["company"]
    assert gateway.admin("GET", "/budgets?budget=compani").json()["error"]["code"] == "budget_not_found"
    assert gateway.admin("GET", "/budgets?name=x").status_code == 400
    assert "user-day" in gateway.admin("GET", "/").text


def test_what_is_left_of_a_budget_decides_a_route(start, upstream):
    gateway = start(
        policy(
            upstream,
            budgets={"day": {"per": "day", "key": "user.id", "limit": "$0.05"}},
            routes=[
                {"name": "rich", "when": 'budget("day").remaining >= usd("0.05")', "to": "powerful"},
                {"name": "poor", "to": "fast"},
            ],
        )
    )
    # A count of the prompt alone: the answer's length is what makes a hold large.
    assert gateway.chat("one", max_tokens=100).headers["x-sluice-route"] == "rich"
    assert gateway.chat("two", max_tokens=100).headers["x-sluice-route"] == "poor"


def test_a_tag_says_what_spending_is_for(start, upstream, keys):
    _, plain = keys.add(tenant="acme", user="ada")
    made = run("keys", "add", "--tenant", "acme", "--user", "eve", "--tags", "--state", keys.state)
    gateway = start(policy(upstream, identity={"keys": "keys.jsonl"}))
    tagged = {"x-sluice-tag": "search/v2"}
    granted = gateway.chat(key=made.stdout.strip(), headers=tagged)
    ignored = gateway.chat(key=plain, headers=tagged)
    assert gateway.exchange(granted)["tag"] == "search/v2"
    assert "tag" not in gateway.exchange(ignored)
    for bad in ["a b", "x" * 65, "é"]:
        headers = {"x-sluice-tag": bad.encode()}
        reply = gateway.chat(key=made.stdout.strip(), headers=headers)
        assert (reply.status_code, reply.json()["error"]["code"]) == (400, "invalid_tag")

    def tags():
        answer = json.loads(run("spend", "--by", "tag", "--json", "--state", gateway.state).stdout)
        return json.dumps(answer["rows"])

    until(lambda: "search/v2" in tags(), "the spending of the tag")
