"""Counts what a request costs in instructions of user mode: a figure that no other load can move.

The release build runs under callgrind, which counts only while the requests of one kind are on their
way. A fixed number is sent over a few connections, one turn after another, so that two runs differ by
little. What the kernel does is not in it: bench.py measures time.

    python3 Benchmarks/instructions.py [--profile FOLDER] [KIND …]

With --profile, FOLDER/KIND.txt tells the functions that a request of the kind spends most in, each with
what it calls.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from bench import CHAT, HERE, SLUICE, free_address, table

CONNECTIONS = 8
WARM_UP = 400
CHUNKS, TICK_MICROSECONDS = 200, 2000

SYSTEM = (
    "You are the assistant of a lock keeper. Answer in one paragraph, in plain words, without a list."
)
QUESTION = (
    "A barge of 24 metres waits below gate {} of the canal at high water. How long does it take until"
    " the chamber is level, and what does the keeper do before the gate is opened?"
)


def post(question, **more):
    body = json.dumps(
        {"model": "auto", "temperature": 0.2, "max_tokens": 256, **more, "messages": [
            {"role": "system", "content": SYSTEM}, {"role": "user", "content": question}]},
        separators=(",", ":"),
    ).encode()
    return (f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def one(_):
    return post(QUESTION.format("twelve"))


def new(number):
    return post(QUESTION.format(f"{number:012d}"))


def streamed(number):
    return post(QUESTION.format(f"{number:012d}"), stream=True)


def models(_):
    return b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n"


# Name, what it stands for, policy, request, the status it gets, how many are counted, units in each.
KINDS = [
    ("hit", "cache hit, one body repeated", "traffic", one, 200, 2000, 1),
    ("miss", "miss, passed to the upstream", "traffic", new, 200, 2000, 1),
    ("chunk", "streamed chunk", "traffic", streamed, 200, 40, CHUNKS),
    ("list", "list of models", "traffic", models, 200, 2000, 1),
    ("refusal", "refused by a limit", "refusing", one, 429, 2000, 1),
    ("uncached", "miss without cache and budgets", "unbudgeted", new, 200, 2000, 1),
    ("budgeted", "the same with four budgets", "budgeted", new, 200, 2000, 1),
]


class Client:
    """A kept connection that reads whole replies."""

    def __init__(self, address):
        host, port = address.split(":")
        self.socket = socket.create_connection((host, int(port)), 60)
        self.buffer = b""

    def more(self):
        received = self.socket.recv(1 << 16)
        if not received:
            sys.exit("instructions: the gateway closed a connection")
        self.buffer += received

    def read(self):
        """The status of the next reply, whose body is read over."""
        while b"\r\n\r\n" not in self.buffer:
            self.more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        if length:
            while len(self.buffer) < int(length[1]):
                self.more()
            self.buffer = self.buffer[int(length[1]):]
        else:
            while b"\r\n0\r\n\r\n" not in self.buffer:
                self.more()
            self.buffer = self.buffer.split(b"\r\n0\r\n\r\n", 1)[1]
        return int(head.split(b" ", 2)[1])


def ask(clients, request, numbers, status):
    for first in range(0, len(numbers), len(clients)):
        turn = list(zip(clients, numbers[first:first + len(clients)]))
        for client, number in turn:
            client.socket.sendall(request(number))
        for client, _ in turn:
            got = client.read()
            if got != status:
                sys.exit(f"instructions: a reply of {got} where {status} was to come")


def wait_until_ready(admin, process, log):
    for _ in range(600):
        if process.poll() is not None:
            sys.exit(f"instructions: the gateway ended at its start:\n{log.read_text()[-2000:]}")
        try:
            host, port = admin.split(":")
            with socket.create_connection((host, int(port)), 5) as probe:
                probe.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                if b" 200 " in probe.recv(64):
                    return
        except OSError:
            pass
        time.sleep(0.1)
    sys.exit("instructions: the gateway does not get ready")


def control(process, switch):
    subprocess.run(["callgrind_control", "-i", switch, str(process.pid)], check=True, capture_output=True)


def measure(kind, binary, upstream, folder):
    name, _, policy, request, status, count, units = kind
    address, admin = free_address(), free_address()
    log, profile = folder / f"{name}.err", folder / f"{name}.callgrind"
    process = subprocess.Popen(
        ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={profile}",
         binary, "serve", HERE / "policies" / policy, "--listen", address, "--admin", admin,
         "--state", folder / f"state-{name}", "--loops", "1"],
        env=os.environ | {"BENCH_UPSTREAM": f"http://{upstream}/v1"},
        stdout=subprocess.DEVNULL, stderr=log.open("wb"),
    )
    try:
        wait_until_ready(admin, process, log)
        clients = [Client(address) for _ in range(CONNECTIONS)]
        first = WARM_UP if units == 1 else CONNECTIONS
        if policy == "refusing":
            ask(clients[:1], request, [0], 200)
        ask(clients, request, range(first), status)
        control(process, "on")
        ask(clients, request, range(first, first + count), status)
        control(process, "off")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    total = int(re.search(r"^totals: (\d+)", profile.read_text(), re.MULTILINE)[1])
    return total / (count * units), profile


def tell(profile, share, path):
    """The functions of a profile by what a request spends in them, callees counted."""
    annotated = subprocess.run(
        ["callgrind_annotate", "--inclusive=yes", profile], check=True, capture_output=True, text=True
    ).stdout
    if shutil.which("swift"):
        annotated = subprocess.run(
            ["swift", "demangle", "--simplified"], input=annotated, check=True, capture_output=True, text=True
        ).stdout
    with path.open("w") as out:
        for cost, function in re.findall(r"^ *([\d,]+) \([^)]*\)  (.*)$", annotated, re.MULTILINE):
            function = re.sub(r"^\?\?\?:| \[/.*", "", function)
            out.write(f"{int(cost.replace(',', '')) * share:10.0f}  {function}\n")


def main():
    names = [kind[0] for kind in KINDS]
    parser = argparse.ArgumentParser(description="Counts instructions a request.")
    parser.add_argument("--profile", type=pathlib.Path, metavar="FOLDER")
    parser.add_argument("kinds", nargs="*", choices=[[], *names], metavar="KIND", help=", ".join(names))
    arguments = parser.parse_args()
    if not SLUICE.exists():
        sys.exit(f"instructions: {SLUICE} is missing; build it first: make bench says how")
    if shutil.which("valgrind") is None:
        sys.exit("instructions: valgrind is not installed: scripts/setup bench")
    rows = []
    with tempfile.TemporaryDirectory(prefix="sluice-instructions-") as folder:
        folder = pathlib.Path(folder)
        subprocess.run(["cc", "-O2", "-o", folder / "upstream", HERE / "upstream/upstream.c"], check=True)
        # Its own debug information is more than callgrind reads; names of functions stay.
        binary = folder / "sluice"
        subprocess.run(["strip", "--strip-debug", "-o", binary, SLUICE], check=True)
        upstream = free_address()
        answering = subprocess.Popen(
            [folder / "upstream", upstream.split(":")[1], str(CHUNKS), str(TICK_MICROSECONDS)])
        try:
            for kind in KINDS:
                if arguments.kinds and kind[0] not in arguments.kinds:
                    continue
                cost, profile = measure(kind, binary, upstream, folder)
                rows.append([kind[1], f"{cost:,.0f}"])
                if arguments.profile:
                    arguments.profile.mkdir(parents=True, exist_ok=True)
                    tell(profile, 1 / (kind[5] * kind[6]), arguments.profile / f"{kind[0]}.txt")
        finally:
            answering.terminate()
            answering.wait()
    print("Instructions of user mode (callgrind; SHA-256 without the processor's own):\n")
    print(table(["of", "instructions"], rows))


if __name__ == "__main__":
    main()
