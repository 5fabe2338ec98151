"""Killed at any moment under load: spending is never forgotten, and no cap is passed.

An upstream counts what it served, as it would bill it. After each kill three things are compared: its
bill, the journal as an independent reader finds it, and what Sluice says of it. Three rounds in every
run, twenty under `make soak`; CRASH_ROUNDS and CRASH_SEED choose others.
"""

import asyncio
import copy
import json
import os
import random
import shutil
import signal
import threading
import time

import pytest

from harness.bundle import MODELS, policy
from harness.gateway import run
from harness.journal import Journal, dollars_by_user
from harness.upstream import completion, delta
from harness.waiting import until

CONNECTIONS = 64
USERS = ["ada", "bob", "cy", "dee"]
# Ten words that are a token each, three around a message, three before the reply.
MESSAGES = [{"role": "user", "content": " a" * 10}]
PROMPT = 16
INPUT, OUTPUT = 1_000, 100_000
"""Nano-dollars a token: $1 and $100 a million."""
NANO = 1_000_000_000
# One attempt at most; the clamp of `answer` goes with it: (5,000,000 - 16,000) / 100,000.
ANSWER = 5_000_000
CLAMP = 49


def dollars(nano):
    return f"${nano / NANO:.9f}"


class Bill:
    """What the upstream served, by user, in nano-dollars."""

    def __init__(self, upstream, seed):
        self.served = dict.fromkeys(USERS, 0)
        self.calls = 0
        self.beyond_clamp = []
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        upstream.behave = self.behave

    def charge(self, call, prompt, output):
        with self._lock:
            self.served[call.json["user"]] += prompt * INPUT + output * OUTPUT

    def behave(self, call):
        # The caller's limit, lowered to what `answer` covers.
        most = call.json["max_tokens"]
        with self._lock:
            self.calls += 1
            if most > CLAMP:
                self.beyond_clamp.append(most)
            output = self._random.randint(1, most)
            pause = self._random.random() < 0.3
        if not call.json.get("stream"):
            # It is billed as soon as it is asked, whether or not the answer reaches anybody.
            self.charge(call, PROMPT, output)
            if pause:
                time.sleep(0.01)
            return call.reply(200, completion("m", "x", usage=usage(output)))
        self.charge(call, PROMPT, 0)
        call.begin_stream()
        for _ in range(output):
            self.charge(call, 0, 1)
            call.chunk(delta("m", {"content": " b"}))
        if pause:
            time.sleep(0.01)
        call.chunk(delta("m", {}, finish="stop"))
        call.chunk(delta("m", None, usage=usage(output)))
        call.end_stream()

    @property
    def total(self):
        return sum(self.served.values())


def usage(output):
    return {"prompt_tokens": PROMPT, "completion_tokens": output, "total_tokens": PROMPT + output}


class Load:
    """64 connections that ask until the gateway is gone, or has refused each of them."""

    def __init__(self, gateway, keys, seed):
        self.statuses = {}
        self._address = gateway.address.rpartition(":")
        self._keys = keys
        self._random = random.Random(seed)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._thread.start()

    @property
    def answered(self):
        return sum(list(self.statuses.values()))

    def join(self):
        self._thread.join(60)
        assert not self.is_running

    @property
    def is_running(self):
        return self._thread.is_alive()

    async def _run(self):
        await asyncio.gather(*(self._client(number) for number in range(CONNECTIONS)))

    async def _client(self, number):
        host, _, port = self._address
        user = USERS[number % len(USERS)]
        try:
            reader, writer = await asyncio.open_connection(host, int(port))
            while await self._ask(reader, writer, user) == 200:
                pass
            writer.close()
        except (OSError, EOFError):
            pass

    async def _ask(self, reader, writer, user):
        body = json.dumps({
            "model": "auto", "messages": MESSAGES, "user": user,
            "stream": self._random.random() < 0.3, "max_tokens": self._random.randint(5, 80),
        }).encode()
        writer.write(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n" % (self._keys[user], len(body))
            + body
        )
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        fields = head.lower()
        if b"content-length: " in fields:
            await reader.readexactly(int(fields.split(b"content-length: ")[1].split(b"\r")[0]))
        else:
            await reader.readuntil(b"\r\n0\r\n\r\n")
        self.statuses[status] = self.statuses.get(status, 0) + 1
        return status


def sections(upstream, limit_of_all, limit_of_user):
    models = {"small": copy.deepcopy(MODELS["small"])}
    models["small"].update(tokenizer="cl100k", price={"input": "$1/M", "output": "$100/M"})
    return policy(
        upstream,
        identity={"keys": "keys.jsonl"},
        products=None,
        models=models,
        tiers={"free": {}},
        targets={"fast": ["small"]},
        routes=[{"name": "all", "to": "fast"}],
        budgets={
            "answer": {"per": "request", "limit": dollars(ANSWER), "on_exceed": ["clamp"]},
            "user-month": {"per": "month", "key": "user.id", "limit": dollars(limit_of_user)},
            "all": {"per": "month", "limit": dollars(limit_of_all)},
        },
    )


def segment(state):
    """The one segment of the journal: nothing has rotated it."""
    (path,) = (state / "ledger").glob("journal-*")
    return path


def spent(state):
    """What Sluice says: {user: nano-dollars}, and the nano-dollars of open holds."""
    answer = run("spend", "--state", state, "--json", "--by", "user")
    assert answer.returncode == 0, answer.stderr
    told = json.loads(answer.stdout)
    sums = {row["user"]: nano(row["dollars"]) for row in told["rows"]}
    return {user: sum for user, sum in sums.items() if sum}, nano(told["open_holds"]["dollars"])


def nano(text):
    whole, _, rest = text.partition(".")
    return int(whole) * NANO + int(rest.ljust(9, "0"))


def judge_torn(state, folder, cut):
    """A copy whose tail is torn anywhere says what its whole records say, to the last of them."""
    copied = folder / f"torn-{cut}"
    shutil.copytree(state, copied)
    path = segment(copied)
    path.write_bytes(path.read_bytes()[:cut])
    journal = Journal(path.read_bytes())
    told, held = spent(copied)
    assert told == {u: s for u, s in dollars_by_user(journal.settlements).items() if s}
    assert held == sum(dollars_by_user(journal.open).values())
    return copied, journal


def crash(start, upstream, keys, state, folder, rounds):
    seed = int(os.environ.get("CRASH_SEED", time.time_ns() % 1_000_000))
    print(f"CRASH_SEED={seed}")
    dice = random.Random(seed)
    bill = Bill(upstream, seed)
    tokens = {user: keys.add(user=user)[1].encode() for user in USERS}
    limit_of_user, limit_of_all = 300_000_000 * rounds, 1_000_000_000 * rounds
    made = sections(upstream, limit_of_all, limit_of_user)
    # What counts as spent though it may not have been: the holds open at each kill.
    unknown = dict.fromkeys(USERS, 0)
    requests = kills_with_holds = 0

    def compare(known):
        for user in USERS:
            served = bill.served[user]
            assert served <= known.get(user, 0) <= served + unknown[user], (user, seed)
            assert served <= limit_of_user
        assert bill.total <= limit_of_all
        assert not bill.beyond_clamp

    begun = 0
    for number in range(rounds):
        gateway = start(made, state=state)
        load = Load(gateway, tokens, dice.random())
        wanted = dice.randint(1, 400)
        until(lambda: load.answered >= wanted or not load.is_running, "some answers", 30)
        time.sleep(dice.random() * 0.05)
        gateway.signal(signal.SIGKILL)
        gateway.wait()
        load.join()
        calls = bill.calls
        requests += load.answered
        until(lambda: upstream.is_idle, "the upstream's calls end")
        assert set(load.statuses) <= {200, 429}

        data = segment(state).read_bytes()
        journal = Journal(data)
        open_ = dollars_by_user(journal.open)
        kills_with_holds += bool(open_)
        for user, amount in open_.items():
            unknown[user] += amount
        settled = dollars_by_user(journal.settlements)
        compare({user: settled.get(user, 0) + open_.get(user, 0) for user in USERS})
        # No attempt without a record of its hold.
        assert calls <= len(journal.holds)
        told, held = spent(state)
        assert told == settled and held == sum(open_.values())

        cuts = {dice.randint(begun, len(data)), dice.randint(max(begun, len(data) - 300), len(data))}
        torn = [judge_torn(state, folder / f"{number}", cut) for cut in sorted(cuts)]
        begun = journal.length

    # The last round begins on a torn copy as well: what is not whole is cut off and told.
    copied, journal = torn[-1]
    again = start(made, state=copied)
    (opened,) = again.events("ledger_opened")
    assert opened["open_holds"] == len(journal.open)
    assert again.stop() == 0
    told, held = spent(copied)
    both = dollars_by_user({**journal.settlements, **journal.open})
    assert told == both and held == 0

    # Until nothing fits any more: the cap binds what was served over all processes. Nothing is killed
    # here, so that it is booked to the nano-dollar.
    known = dollars_by_user({**Journal(data).settlements, **Journal(data).open})
    served = dict(bill.served)
    gateway = start(made, state=state)
    for _ in range(100):
        load = Load(gateway, tokens, dice.random())
        load.join()
        requests += load.answered
        if load.statuses.get(200, 0) == 0:
            break
    assert set(load.statuses) == {429}
    assert gateway.stop() == 0
    told, held = spent(state)
    assert held == 0
    compare(told)
    for user in USERS:
        assert told[user] - known.get(user, 0) == bill.served[user] - served[user], (user, seed)
    # The caps are used up: not even the least attempt fits.
    least = PROMPT * INPUT + 80 * OUTPUT
    assert sum(told.values()) > limit_of_all - least
    print(f"{rounds} kills, {kills_with_holds} of them with open holds; {requests} answers; "
          f"${bill.total / NANO:.4f} served, ${sum(told.values()) / NANO:.4f} booked, "
          f"${sum(unknown.values()) / NANO:.4f} unknown, cap ${limit_of_all / NANO:.2f}")


@pytest.mark.timeout(120)
def test_a_few_kills_under_load_forget_nothing(start, upstream, keys, state, tmp_path):
    crash(start, upstream, keys, state, tmp_path, int(os.environ.get("CRASH_ROUNDS", "3")))


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_twenty_kills_under_load_forget_nothing(start, upstream, keys, state, tmp_path):
    crash(start, upstream, keys, state, tmp_path, int(os.environ.get("CRASH_ROUNDS", "20")))
