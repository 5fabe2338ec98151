"""Load over many connections, by `wrk` where it is installed, else by a small client of our own."""

import asyncio
import json
import re
import shutil
import subprocess
import time


class Result:
    def __init__(self, requests, errors, seconds):
        self.requests = requests
        self.errors = errors
        self.seconds = seconds


class Wrk:
    """`wrk` in the background: a mix of plain and streamed requests, of hits and misses."""

    SCRIPT = """
local n = 0
local id = 0
function setup(thread) id = id + 1; thread:set("id", id) end
function init(args) wrk.headers["Content-Type"] = "application/json" end
function request()
  n = n + 1
  local prompt = "popular " .. (n % 50)
  if n % 4 == 0 then prompt = "rare " .. id .. " " .. n end
  local stream = n % 3 == 0 and "true" or "false"
  return wrk.format("POST", "/v1/chat/completions", nil,
    '{"model":"auto","stream":' .. stream ..
    ',"messages":[{"role":"user","content":"' .. prompt .. '"}]}')
end
function response(status, headers, body)
  if status ~= 200 then bad = (bad or 0) + 1 end
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("RESULT %d %d\\n", summary.requests,
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""

    def __init__(self, gateway, seconds, folder, connections=64):
        script = folder / "load.lua"
        script.write_text(self.SCRIPT)
        self.process = subprocess.Popen(
            ["wrk", "-t", "2", "-c", str(connections), "-d", f"{seconds}s", "--timeout", "20s",
             "-s", str(script), f"http://{gateway.address}/"],
            stdout=subprocess.PIPE, text=True,
        )
        self.began = time.monotonic()

    def is_running(self):
        return self.process.poll() is None

    def result(self):
        output, _ = self.process.communicate(timeout=30)
        found = re.search(r"RESULT (\d+) (\d+)", output)
        assert self.process.returncode == 0 and found, output
        return Result(int(found[1]), int(found[2]), time.monotonic() - self.began)


class Clients:
    """The same from Python, for machines without `wrk`: slower, and it looks at every byte."""

    def __init__(self, gateway, seconds, folder, connections=64):
        import threading

        self._result = None
        self._gateway = gateway
        self._seconds = seconds
        self._thread = threading.Thread(
            target=lambda: setattr(self, "_result", asyncio.run(self._run(connections)))
        )
        self._thread.start()

    def is_running(self):
        return self._thread.is_alive()

    def result(self):
        self._thread.join(self._seconds + 30)
        return self._result

    async def _run(self, connections):
        began = time.monotonic()
        counts = await asyncio.gather(*[self._client(n, began) for n in range(connections)])
        return Result(
            sum(c[0] for c in counts), sum(c[1] for c in counts), time.monotonic() - began
        )

    async def _client(self, number, began):
        host, _, port = self._gateway.address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        requests = errors = 0
        while time.monotonic() - began < self._seconds:
            requests += 1
            prompt = f"rare {number} {requests}" if requests % 4 == 0 else f"popular {requests % 50}"
            body = json.dumps({
                "model": "auto", "stream": requests % 3 == 0,
                "messages": [{"role": "user", "content": prompt}],
            }).encode()
            writer.write(
                b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n" % len(body) + body
            )
            try:
                head = await reader.readuntil(b"\r\n\r\n")
                if not head.startswith(b"HTTP/1.1 200"):
                    errors += 1
                if length := re.search(rb"(?i)content-length: (\d+)", head):
                    await reader.readexactly(int(length[1]))
                else:
                    await reader.readuntil(b"\r\n0\r\n\r\n")
            except (OSError, EOFError, asyncio.IncompleteReadError):
                errors += 1
                break
        writer.close()
        return requests, errors


def load(gateway, seconds, folder):
    return (Wrk if shutil.which("wrk") else Clients)(gateway, seconds, folder)
