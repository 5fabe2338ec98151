"""Counts the instructions of a request in user mode, under valgrind.

A count does not depend on what else the machine does, so it tells a change of one per cent where
CPU time would not. One client, one connection, one request after the other.
"""

import http.client
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from bench import CHAT, CHUNKS, SLUICE, free_address  # noqa: E402

REQUESTS = int(os.environ.get("REQUESTS", "300"))
KEEP = os.environ.get("PROFILE")


def body(question, streaming=False):
    text = re.search(r"wrk\.body = \[\[(.*)\]\]", (HERE / "load/same.lua").read_text())[1]
    request = json.loads(text)
    request["messages"][1]["content"] += question
    if streaming:
        request["stream"] = True
    return json.dumps(request, separators=(",", ":")).encode()


class Gateway:
    def __init__(self, binary, folder, policy, upstream):
        self.address, self.folder, self.policy = free_address(), folder, policy
        self.process = subprocess.Popen(
            ["valgrind", "--tool=callgrind", "--instr-atstart=no", "--dump-instr=no",
             f"--callgrind-out-file={folder}/callgrind.{policy}", binary, "serve",
             HERE / "policies" / policy, "--listen", self.address, "--admin", free_address(),
             "--state", folder / policy, "--loops", "1"],
            stdout=(folder / f"{policy}.log").open("wb"), stderr=(folder / f"{policy}.err").open("wb"),
            env=os.environ | {"BENCH_UPSTREAM": f"http://{upstream}/v1"},
        )
        for _ in range(600):
            try:
                self.connection = http.client.HTTPConnection(self.address)
                self.connection.connect()
                return
            except OSError:
                time.sleep(0.1)
        sys.exit(f"bench: the gateway does not answer:\n{(folder / f'{policy}.err').read_text()}")

    def control(self, *arguments):
        subprocess.run(["callgrind_control", *arguments, str(self.process.pid)], check=True,
                       stdout=subprocess.DEVNULL)

    def ask(self, method, path, content=None):
        fields = {"content-type": "application/json"} if content else {}
        self.connection.request(method, path, content, fields)
        reply = self.connection.getresponse()
        reply.read()
        return reply.status

    def count(self, name, requests):
        """Instructions a request, after as many to warm up."""
        half = len(requests) // 2
        for request in requests[:half]:
            self.ask(*request)
        self.control("-z")
        self.control("-i", "on")
        for request in requests[half:]:
            self.ask(*request)
        self.control("-i", "off")
        self.control(f"--dump={name}")
        dump = max(self.folder.glob(f"callgrind.{self.policy}.*"), key=os.path.getmtime)
        total = int(re.search(r"^(?:summary|totals): (\d+)", dump.read_text(), re.M)[1])
        if KEEP:
            (pathlib.Path(KEEP) / f"callgrind.{name}").write_bytes(dump.read_bytes())
        return total / half

    def stop(self):
        self.connection.close()
        self.process.terminate()
        self.process.wait(30)


def main():
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        folder = pathlib.Path(folder)
        binary, upstream = folder / "upstream", free_address()
        subprocess.run(["cc", "-O2", "-o", binary, HERE / "upstream/upstream.c"], check=True)
        # valgrind gives up on debug information that it does not know.
        sluice = folder / "sluice"
        subprocess.run(["objcopy", "--strip-debug", SLUICE, sluice], check=True)
        service = subprocess.Popen([binary, upstream.split(":")[1], str(CHUNKS), "4000"])
        numbers = range(2 * REQUESTS)
        counts = {}
        try:
            gateway = Gateway(sluice, folder, "traffic", upstream)
            same = [("POST", CHAT, body(""))] * (2 * REQUESTS)
            counts["hit"] = gateway.count("hit", same)
            counts["miss"] = gateway.count("miss", [("POST", CHAT, body(f" ({n:06})")) for n in numbers])
            streams = [("POST", CHAT, body(f" ({n})", streaming=True)) for n in range(8)]
            counts["chunk"] = gateway.count("chunk", streams) / CHUNKS
            counts["list"] = gateway.count("list", [("GET", "/v1/models")] * (2 * REQUESTS))
            gateway.stop()
            gateway = Gateway(sluice, folder, "refusing", upstream)
            counts["refusal"] = gateway.count("refusal", same)
            gateway.stop()
        finally:
            service.terminate()
    for name, count in counts.items():
        print(f"{name:8} {count:10,.0f} instructions")


if __name__ == "__main__":
    main()
