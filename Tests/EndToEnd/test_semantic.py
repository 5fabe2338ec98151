"""The semantic cache with the real encoder: whose answer is given to whose question."""

import json
import os
import pathlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.bundle import EXPOSE, Bundle, policy
from harness.gateway import run
from harness.waiting import until
from harness.wire import events

RESET = "How do I reset my password?"
# The same question in other words: a cosine of 0.99.
SAME = "How can I reset my password?"


def semantic(upstream, **changes):
    """Products that share answers by meaning: with everybody, within a tenant, by user; and none."""
    return policy(
        upstream,
        server={"timeout": {"drain": "5s"}, "expose": [*EXPOSE, "similarity"]},
        identity={"keys": "keys.jsonl"},
        products={
            name: {"cache": {"scope": scope, "ttl": "1h", "semantic": {"threshold": 0.9}}}
            for name, scope in [("public", "product"), ("ours", "tenant"), ("mine", "user")]
        }
        | {"exact": {"cache": {"scope": "product", "ttl": "1h"}}},
        **changes,
    )


PRODUCTS = ["public", "ours", "mine", "exact"]


@pytest.fixture
def served(start, upstream, keys):
    people = {
        name: keys.add(tenant=tenant, user=name, products=PRODUCTS)[1]
        for name, tenant in [("ada", "acme"), ("bob", "acme"), ("eve", "evil")]
    }
    gateway = start(semantic(upstream))

    # The answer says whose it is, and always the same of one question.
    def behave(call):
        text = f"answer to {call.prompt.strip()}"
        if call.json.get("stream"):
            call.stream(text[:4], text[4:])
        else:
            call.answer(text)

    upstream.behave = behave

    def asked(prompt, who="ada", product="public", headers=None, **body):
        """Asks; again with another blank, which means the same, where the machine was too busy."""
        headers = {"x-sluice-product": product, **(headers or {})}
        for blanks in range(20):
            reply = gateway.chat(prompt + " " * blanks, key=people[who], headers=headers, **body)
            trail = gateway.exchange(reply)["trail"]
            if not any(f"semantic fast:{exit}" in trail for exit in ("late", "busy")):
                return reply
        raise AssertionError("the machine is too busy")

    def kept(count):
        """Waits until so many questions can be compared with."""
        until(lambda: gateway.metric("sluice_semantic_questions") == count, f"{count} questions")

    gateway.asked = asked
    gateway.kept = kept
    gateway.people = people
    return gateway


def outcome(reply):
    assert reply.status_code == 200, reply.text
    return reply.headers["x-sluice-cache"]


def said(reply):
    if reply.headers["content-type"].startswith("text/event-stream"):
        data = events(reply.content)
        assert data[-1] == "[DONE]"
        return "".join(d["choices"][0]["delta"].get("content") or "" for d in data[:-1])
    return reply.json()["choices"][0]["message"]["content"]


def test_a_paraphrase_gets_the_answer_for_nothing_and_is_told_how_near_it_was(served, upstream):
    first = served.asked(RESET)
    assert outcome(first) == "miss" and "x-sluice-similarity" not in first.headers
    served.kept(1)
    hit = served.asked(SAME)
    assert outcome(hit) == "semantic"
    assert said(hit) == f"answer to {RESET}"
    assert 0.9 <= float(hit.headers["x-sluice-similarity"]) <= 1
    assert float(hit.headers["x-sluice-cost"]) == 0
    assert int(hit.headers["x-sluice-age"]) >= 0 and hit.headers["x-sluice-model"] == "small"
    line = served.exchange(hit)
    assert line["similarity"] == hit.headers["x-sluice-similarity"]
    assert line["trail"].endswith("cache fast:miss semantic fast:hit")


def test_change_never_gets_the_answer_of_reset_and_forgot_is_asked_too(served, upstream):
    served.asked(RESET)
    served.kept(1)
    change = served.asked("How do I change my password?")
    assert outcome(change) == "miss" and said(change) == "answer to How do I change my password?"
    # 0.78: too far for a rule that has seen nothing.
    forgot = served.asked("I forgot my password")
    assert outcome(forgot) == "miss" and said(forgot) == "answer to I forgot my password"
    served.kept(3)
    again = served.asked("How can I change my password?")
    assert said(again) in (
        "answer to How do I change my password?", "answer to How can I change my password?"
    )


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("What did it cost in 2023?", "What did it cost in 2024?", "numbers"),
        ("Can I return it?", "Can I not return it?", "negation"),
        ("How do I enable notifications?", "How do I disable notifications?", "opposites"),
    ],
)
def test_what_stands_against_a_hit_is_counted_by_name(served, one, other, reason):
    served.asked(one)
    served.kept(1)
    assert outcome(served.asked(other)) == "miss"
    until(
        lambda: served.metric("sluice_semantic_misses_total", product="public", reason=reason) == 1,
        f"one miss for {reason}",
    )


def test_the_sdk_reads_a_hit_as_a_stream_with_usage(served):
    served.asked(RESET)
    served.kept(1)
    client = served.openai(served.people["ada"], default_headers={"X-Sluice-Product": "public"})

    def streamed(blanks):
        reply = client.chat.completions.with_raw_response.create(
            model="auto",
            messages=[{"role": "user", "content": SAME + " " * blanks}],
            stream=True,
            stream_options={"include_usage": True},
        )
        return reply.headers["x-sluice-cache"], list(reply.parse())

    # The first that the machine was not too busy for.
    replies = (streamed(blanks) for blanks in range(20))
    chunks = next(chunks for cache, chunks in replies if cache == "semantic")
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == f"answer to {RESET}"
    assert chunks[-1].usage.total_tokens == 18


def test_scopes_hold_under_concurrency(served, upstream):
    """Two tenants ask near questions at once, many times; none sees what the other was told."""
    upstream.behave = lambda call: call.answer(f"for {call.json['user']}: {call.prompt}")
    people = {"ada": "acme", "bob": "acme", "eve": "evil"}
    questions = [RESET, SAME, "how to reset my password", "How do I reset the password?"]
    asks = [(who, q, n) for n in range(6) for q in questions for who in people]

    def ask(job):
        who, question, number = job
        reply = served.chat(
            question,
            key=served.people[who],
            headers={"x-sluice-product": "ours"},
            user=people[who],
            seed=number % 3,
        )
        return people[who], outcome(reply), said(reply)

    with ThreadPoolExecutor(12) as pool:
        replies = list(pool.map(ask, asks))
    assert all(text.startswith(f"for {tenant}:") for tenant, _, text in replies)
    assert {cache for _, cache, _ in replies} >= {"miss", "exact"}
    # A user's own answers, even within a tenant.
    upstream.behave = lambda call: call.answer(f"for {call.json['user']}")
    for who in people:
        assert said(served.asked(SAME, who=who, product="mine", user=who)) == f"for {who}"


def test_an_acknowledged_invalidation_is_obeyed(served, upstream):
    served.asked(RESET)
    served.kept(1)
    assert outcome(served.asked(SAME)) == "semantic"
    for selection in [{"product": "public"}, {"everything": True}]:
        upstream.behave = lambda call: call.answer("new")
        reply = served.order("/cache/invalidate", selection)
        assert reply.status_code == 200, reply.text
        assert said(served.asked(SAME)) == "new"


def test_invalidations_race_with_hits(served, upstream):
    """Whatever is told after an invalidation was acknowledged was asked for after it."""
    version = 0
    upstream.behave = lambda call: call.answer(f"version {version}")

    def ask(question):
        return served.chat(
            question, key=served.people["ada"], headers={"x-sluice-product": "public"}
        )

    for number in range(8):
        ask(RESET)
        with ThreadPoolExecutor(6) as pool:
            early = [pool.submit(ask, q) for q in [SAME, RESET] * 3]
            version = number + 1
            reply = served.order("/cache/invalidate", {"product": "public"})
            assert reply.status_code == 200
            late = [pool.submit(ask, q) for q in [SAME, RESET] * 3]
        assert {said(f.result()) for f in late} == {f"version {version}"}
        assert {said(f.result()) for f in early} <= {f"version {number}", f"version {version}"}


def test_a_reload_keeps_what_is_known(served, upstream):
    served.asked(RESET)
    served.kept(1)
    served.bundle.write(semantic(upstream, tiers={"free": {}, "premium": {}, "gold": {}}))
    assert served.order("/policy/reload").json()["result"] == "accepted"
    assert outcome(served.asked(SAME)) == "semantic"


def test_the_operator_sees_what_the_caches_were_to_each_product(served):
    served.asked(RESET)
    served.kept(1)
    assert outcome(served.asked(SAME)) == "semantic"
    board = served.admin("GET", "/cache").json()
    assert board["answers"]["count"] >= 1 and board["questions"]["count"] >= 1
    product = next(p for p in board["products"] if p["product"] == "public")
    assert product["scope"] == "product" and product["semantic"]["bar"] == "0.900"
    assert product["exchanges"]["semantic"] == 1
    assert product["semantic"]["misses"]["nothing_near"] == 1
    assert "semantic" not in next(p for p in board["products"] if p["product"] == "exact")


def test_a_product_without_it_is_not_compared(served):
    served.asked(RESET, product="exact")
    assert outcome(served.asked(SAME, product="exact")) == "miss"
    assert served.metric("sluice_semantic_questions") == 0


def test_without_an_encoder_start_is_refused_and_lint_says_what_to_run(tmp_path, upstream, keys):
    keys.add(tenant="acme", user="ada", products=PRODUCTS)
    bundle = Bundle(tmp_path / "bundle", semantic(upstream))
    # A folder with the tables of tokens and no encoder.
    cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    data = pathlib.Path(os.environ.get("SLUICE_DATA") or pathlib.Path(cache) / "sluice")
    bare = tmp_path / "bare"
    bare.mkdir()
    for table in data.glob("*.tiktoken"):
        (bare / table.name).symlink_to(table)
    env = {"SLUICE_DATA": str(bare), "UPSTREAM_KEY": "sk-x"}
    lint = run("lint", bundle.path, env=env)
    assert lint.returncode == 0
    assert "warning[SL0311]" in lint.stdout and "scripts/fetch-model" in lint.stdout
    serve = run(
        "serve", bundle.path, "--state", tmp_path / "state", "--listen", "127.0.0.1:0",
        "--admin", "127.0.0.1:0", env=env,
    )
    assert serve.returncode != 0
    assert "error[SL0311]" in serve.stderr and "scripts/fetch-model" in serve.stderr
    assert "SL0311" not in run("lint", bundle.path).stdout


def test_shadows_find_wrong_hits_and_end_them_until_a_person_resets(
    start, upstream, keys, tmp_path
):
    _, key = keys.add(tenant="acme", user="ada", products=PRODUCTS)
    settings = semantic(upstream, budgets={"quality": {"per": "day", "limit": "$1"}})
    settings["products"]["public"]["cache"]["semantic"] = {
        "threshold": 0.9, "max_wrong": "1%", "shadow": {"share": "100%", "budget": "quality"},
    }
    gateway = start(settings)
    # Each answer names another number, so that no two say the same.
    upstream.behave = lambda call: call.answer(f"It takes {len(upstream.calls)} days")
    blanks = iter(range(1000))

    def asked(wanted):
        """Asks the same in other bytes until the machine was not too busy to compare."""
        for _ in range(20):
            reply = gateway.chat(
                SAME + " " * next(blanks), key=key, headers={"x-sluice-product": "public"}
            )
            trail = gateway.exchange(reply)["trail"]
            if not any(f"semantic fast:{exit}" in trail for exit in ("late", "busy")):
                assert outcome(reply) == wanted, trail
                return reply
        raise AssertionError("the machine is too busy")

    def shadows(result):
        return gateway.metric("sluice_semantic_shadows_total", product="public", result=result)

    asked("miss")
    until(lambda: gateway.metric("sluice_semantic_questions") == 1, "one question")
    # Without evidence a declared share needs no less.
    assert gateway.metric("sluice_semantic_bar", product="public") == 0.95
    hit = asked("semantic")
    assert float(hit.headers["x-sluice-cost"]) == 0
    until(lambda: shadows("differ") == 1, "one wrong hit")
    assert gateway.metric("sluice_semantic_wrong_share", product="public") == 1
    asked("semantic")
    until(lambda: gateway.events("semantic_tightened"), "a line that says so")
    line = gateway.events("semantic_tightened")[0]
    assert line["product"] == "public" and line["from"] == "0.950" and line["to"] == "none"
    assert line["wrong"] == 2 and line["judged"] == 2
    until(
        lambda: len([e for e in gateway.events("background") if e["purpose"] == "shadow"]) == 2,
        "a line for each shadow",
    )
    asked("miss")
    assert gateway.metric("sluice_semantic_bar", product="public") == 2

    board = gateway.admin("GET", "/cache").json()
    product = next(p for p in board["products"] if p["product"] == "public")["semantic"]
    assert product["shadows"] == {"differ": 2} and product["misses"]["tightened"] == 1
    assert product["bar_now"] == "none" and product["is_tightened"] is True

    records = gateway.admin("GET", "/cache/shadows").text
    lines = [json.loads(text) for text in records.splitlines()]
    assert [(r["product"], r["same"]) for r in lines] == [("public", False)] * 2
    assert "password" not in records and "days" not in records
    (tmp_path / "hits.jsonl").write_text(records)
    calibrated = run("calibrate", "--shadow", tmp_path / "hits.jsonl", "--product", "public")
    assert "public" in calibrated.stdout + calibrated.stderr

    # A reload of the same terms leaves it as it is.
    gateway.bundle.write({**settings, "tiers": {"free": {}, "premium": {}, "gold": {}}})
    assert gateway.order("/policy/reload").json()["result"] == "accepted"
    asked("miss")
    assert gateway.order("/cache/semantic/reset", {"product": "public"}).status_code == 400
    unknown = gateway.order("/cache/semantic/reset", {"product": "pubic", "reason": "looked"})
    assert unknown.status_code == 404 and "public" in unknown.text
    reset = gateway.order("/cache/semantic/reset", {"product": "public", "reason": "looked"})
    assert reset.status_code == 200, reset.text
    until(lambda: gateway.events("semantic_reset"), "an audit line")
    assert gateway.events("semantic_reset")[0]["reason"] == "looked"
    asked("semantic")
