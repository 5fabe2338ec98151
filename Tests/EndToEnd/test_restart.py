"""The cache outlives its process: what was kept, for as long as it may, and nothing that was forgotten."""

import os
import signal
import stat

from harness.bundle import policy
from harness.waiting import until


def cached(upstream, **changes):
    return policy(
        upstream,
        identity={"anonymous": {"products": ["facts", "brief"]}},
        products={
            "facts": {"cache": {"scope": "product", "ttl": "1h", "tags": ["catalog"]}},
            "brief": {"cache": {"scope": "product", "ttl": "2s"}},
        },
        **changes,
    )


def written(gateway, count):
    until(
        lambda: gateway.metric("sluice_cache_journal_written_total") == count,
        f"{count} answers are written",
    )


def kill(gateway):
    gateway.signal(signal.SIGKILL)
    gateway.wait()


def outcome(reply):
    assert reply.status_code == 200, reply.text
    return reply.headers["x-sluice-cache"]


def ask(gateway, prompt, product="facts", **body):
    return gateway.chat(prompt, headers={"x-sluice-product": product}, **body)


def test_a_hit_after_a_kill_has_its_answer_and_its_age(start, upstream):
    gateway = start(cached(upstream))
    first = ask(gateway, "What is a sluice?")
    assert outcome(first) == "miss"
    written(gateway, 1)
    # Old enough to be told apart from new.
    until(lambda: int(ask(gateway, "What is a sluice?").headers["age"]) >= 1, "a second has passed")
    kill(gateway)

    again = start(cached(upstream), state=gateway.state)
    (opened,) = again.events("cache_opened")
    assert opened["answers"] == 1
    assert opened["torn_bytes"] == 0
    assert "damage" not in opened
    hit = ask(again, "What is a sluice?")
    assert outcome(hit) == "exact"
    assert hit.json() == first.json()
    assert int(hit.headers["age"]) >= 1
    assert len(upstream.calls) == 1
    # A stream, too.
    stream = ask(again, "What is a sluice?", stream=True)
    assert outcome(stream) == "exact"

    for path in (gateway.state / "cache").iterdir():
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(gateway.state / "cache").st_mode) == 0o700


def test_a_clean_stop_writes_what_waits(start, upstream):
    gateway = start(cached(upstream))
    for number in range(5):
        assert outcome(ask(gateway, f"question {number}")) == "miss"
    assert gateway.stop() == 0
    again = start(cached(upstream), state=gateway.state)
    for number in range(5):
        assert outcome(ask(again, f"question {number}")) == "exact"


def test_an_invalidation_outlives_a_kill_at_once(start, upstream):
    gateway = start(cached(upstream))
    for number in range(5):
        assert outcome(ask(gateway, f"question {number}")) == "miss"
    written(gateway, 5)
    # Not written when it is forgotten.
    assert outcome(ask(gateway, "one more")) == "miss"
    reply = gateway.order("/cache/invalidate", {"tag": "catalog"})
    assert reply.status_code == 200, reply.text
    kill(gateway)

    again = start(cached(upstream), state=gateway.state)
    for number in range(5):
        assert outcome(ask(again, f"question {number}")) == "miss"
    assert outcome(ask(again, "one more")) == "miss"
    written(again, 6)
    kill(again)
    third = start(cached(upstream), state=gateway.state)
    assert outcome(ask(third, "question 0")) == "exact"


def test_time_passes_while_nothing_runs(start, upstream):
    gateway = start(cached(upstream))
    assert outcome(ask(gateway, "What is a sluice?", product="brief")) == "miss"
    written(gateway, 1)
    until(
        lambda: outcome(ask(gateway, "What is a sluice?", product="brief")) == "miss",
        "two seconds have passed",
    )
    kill(gateway)
    before = len(upstream.calls)
    # Within the life of the second answer or after it, never from the first.
    again = start(cached(upstream), state=gateway.state)
    reply = ask(again, "What is a sluice?", product="brief")
    assert outcome(reply) == "miss" or int(reply.headers["age"]) < 2
    assert len(upstream.calls) in (before, before + 1)


def test_a_damaged_journal_is_dropped_and_told(start, upstream):
    gateway = start(cached(upstream))
    for number in range(3):
        assert outcome(ask(gateway, f"question {number}")) == "miss"
    written(gateway, 3)
    kill(gateway)
    (journal,) = (gateway.state / "cache").iterdir()
    damaged = bytearray(journal.read_bytes())
    damaged[len(damaged) // 3] ^= 1
    journal.write_bytes(damaged)

    again = start(cached(upstream), state=gateway.state)
    (opened,) = again.events("cache_opened")
    assert opened["answers"] == 0
    assert opened["damage"] == "segment 1 is damaged"
    assert again.metric("sluice_cache_journal_damaged_total") == 1
    assert outcome(ask(again, "question 0")) == "miss"
    written(again, 1)
    kill(again)
    third = start(cached(upstream), state=gateway.state)
    assert outcome(ask(third, "question 0")) == "exact"
    assert not journal.exists()


def test_what_cannot_be_written_is_served_from_memory(start, upstream, tmp_path):
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    # No folder can be made there, whoever asks.
    (state / "cache").write_text("")
    gateway = start(cached(upstream), state=state)
    assert outcome(ask(gateway, "What is a sluice?")) == "miss"
    until(lambda: gateway.metric("sluice_cache_journal_writable") == 0, "the write has failed")
    assert outcome(ask(gateway, "What is a sluice?")) == "exact"
    until(lambda: gateway.events("cache_journal_failed"), "the failure is told")
    # It is forgotten here, but nobody can say what a later start would find.
    reply = gateway.order("/cache/invalidate", {"everything": True})
    assert reply.status_code == 503
    assert reply.json()["error"]["code"] == "cache_not_writable"
    assert outcome(ask(gateway, "What is a sluice?")) == "miss"


def test_a_question_in_other_words_finds_its_answer_after_a_kill(start, upstream):
    meant = policy(
        upstream,
        identity={"anonymous": {"products": ["facts"]}},
        products={
            "facts": {
                "cache": {"scope": "product", "ttl": "1h", "semantic": {"threshold": 0.9}}
            },
        },
    )

    def found(gateway, prompt):
        """What the cache said; again with another blank, where the machine was too busy."""
        for blanks in range(20):
            cache = outcome(ask(gateway, prompt + " " * blanks))
            if cache != "miss":
                return cache
        return "miss"

    gateway = start(meant)
    assert outcome(ask(gateway, "How do I reset my password?")) == "miss"
    # The answer, the question, and what the product has taught.
    written(gateway, 3)
    kill(gateway)

    again = start(meant, state=gateway.state)
    (opened,) = again.events("cache_opened")
    assert (opened["answers"], opened["questions"]) == (1, 1)
    assert found(again, "How can I reset my password?") == "semantic"
    assert again.order("/cache/invalidate", {"product": "facts"}).status_code == 200
    kill(again)

    third = start(meant, state=gateway.state)
    (opened,) = third.events("cache_opened")
    assert (opened["answers"], opened["questions"]) == (0, 0)
    assert outcome(ask(third, "How can I reset my password?")) == "miss"
