"""The ledger: spending outlives a kill, and is told apart from outside."""

import json
import signal

from harness.bundle import policy
from harness.gateway import run
from harness.waiting import until


def spend(gateway, *arguments):
    answer = run("spend", "--state", gateway.state, "--json", *arguments)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def test_spending_outlives_a_kill_and_a_clean_stop(start, upstream):
    gateway = start(policy(upstream))
    for number in range(3):
        assert gateway.chat(f"question {number}").status_code == 200
    # A settlement is written within 50 ms.
    until(lambda: spend(gateway)["total"]["requests"] == 3, "three attempts are on record")
    before = spend(gateway, "--by", "model")
    assert gateway.admin("GET", "/spend?by=model").json()["total"] == before["total"]
    gateway.signal(signal.SIGKILL)
    gateway.wait()
    assert spend(gateway, "--by", "model")["rows"] == before["rows"]

    again = start(policy(upstream), state=gateway.state)
    (opened,) = again.events("ledger_opened")
    assert opened["torn_bytes"] == 0
    assert opened["open_holds"] == 0
    assert again.chat("one more").status_code == 200
    assert again.stop() == 0
    assert spend(again)["total"]["requests"] == 4
    assert spend(again)["open_holds"] == {"count": 0, "dollars": "0.00"}


def test_a_damaged_journal_refuses_the_start(start, upstream):
    gateway = start(policy(upstream))
    for number in range(3):
        assert gateway.chat(f"question {number}").status_code == 200
    until(lambda: spend(gateway)["total"]["requests"] == 3, "three attempts are on record")
    gateway.signal(signal.SIGKILL)
    gateway.wait()
    (journal,) = (gateway.state / "ledger").glob("journal-*")
    damaged = bytearray(journal.read_bytes())
    damaged[20] ^= 1
    journal.write_bytes(damaged)
    answer = run(
        "serve", gateway.bundle.path, "--state", gateway.state,
        "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
    )
    assert answer.returncode == 3
    assert "the ledger is damaged" in answer.stderr
    assert journal.read_bytes() == damaged
