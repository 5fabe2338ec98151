"""The built binary, started on free ports, watched, and stopped as an operator would."""

import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import threading

import httpx
import openai
from prometheus_client.parser import text_string_to_metric_families

from harness.waiting import POLL, until

ROOT = pathlib.Path(__file__).resolve().parents[3]
SLUICE = os.environ.get("SLUICE", str(ROOT / ".build/debug/sluice"))

# What the upstream's key is in all tests; must never be seen anywhere but at the upstream.
UPSTREAM_KEY = "sk-upstream-MARKER-7f1d"

START = 30.0
STOP = 20.0


def run(*arguments, input=None, env=None, cwd=None, timeout=30):
    """Runs a command of `sluice` to its end."""
    return subprocess.run(
        [SLUICE, *map(str, arguments)],
        input=input,
        env={**os.environ, "NO_COLOR": "1", **(env or {})},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


class Lines:
    """The lines of a pipe, gathered by a thread that can be told to sleep, or to leave."""

    def __init__(self, pipe):
        self.lines = []
        self._pipe = pipe
        self._is_asleep = False
        self._is_leaving = False
        self._thread = threading.Thread(target=self._gather, daemon=True)
        self._thread.start()

    def _gather(self):
        rest = b""
        while not self._is_leaving:
            readable, _, _ = select.select([self._pipe], [], [], POLL)
            if not readable or self._is_asleep:
                continue
            data = os.read(self._pipe.fileno(), 65536)
            *lines, rest = (rest + data).split(b"\n")
            self.lines += [line.decode() + "\n" for line in lines]
            if not data:
                break
        self._pipe.close()

    def sleep(self):
        """Leaves what comes in the pipe."""
        self._is_asleep = True

    def wake(self):
        self._is_asleep = False

    def leave(self):
        """Closes the pipe, as a reader that ends does."""
        self._is_leaving = True
        self._thread.join(5)

    def join(self):
        self._thread.join(5)

    @property
    def text(self):
        return "".join(self.lines)


class Gateway:
    """One `sluice serve`; `with` stops it and holds it to a clean exit."""

    def __init__(self, bundle, state, arguments=(), env=None, flags=True):
        """`flags=False` leaves the addresses to the policy."""
        self.state = pathlib.Path(state)
        self.is_awaited = False
        addresses = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"] if flags else []
        self.process = subprocess.Popen(
            [SLUICE, "serve", str(bundle), *addresses, "--state", str(state), *arguments],
            env={**os.environ, "UPSTREAM_KEY": UPSTREAM_KEY, "NO_COLOR": "1", **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.out = Lines(self.process.stdout)
        self.err = Lines(self.process.stderr)
        self._http = httpx.Client(timeout=10)
        try:
            started = until(self._started, "the line that says that it started", START)
            self.address = started["listen"][0]
            self.admin_address = started["admin"]
            until(
                lambda: self.admin("GET", "/readyz").status_code == 200, "readiness", START
            )
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise

    def _started(self):
        if self.process.poll() is not None:
            self.err.join()
            raise AssertionError(
                f"sluice ended with {self.process.returncode}:\n{self.err.text}"
            )
        return next(iter(self.events("started")), None)

    # Where it is.

    @property
    def base_url(self):
        return f"http://{self.address}/v1"

    @property
    def port(self):
        return int(self.address.rpartition(":")[2])

    @property
    def token(self):
        return (self.state / "admin-token").read_text().strip()

    def connect(self, timeout=10.0):
        """A raw socket to the traffic listener."""
        host, _, port = self.address.rpartition(":")
        connection = socket.create_connection((host, int(port)), timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    # Clients.

    def openai(self, key="unused", **options):
        options = {"max_retries": 0, "timeout": 15, **options}
        return openai.OpenAI(base_url=self.base_url, api_key=key, **options)

    def async_openai(self, key="unused", **options):
        options = {"max_retries": 0, "timeout": 15, **options}
        return openai.AsyncOpenAI(base_url=self.base_url, api_key=key, **options)

    def chat(self, prompt="Hello", key=None, headers=None, timeout=15, **body):
        """Asks without an SDK, and returns the reply whatever its status."""
        body = {
            "model": "auto",
            "messages": [{"role": "user", "content": prompt}],
            **body,
        }
        headers = dict(headers or {})
        if key:
            headers["authorization"] = f"Bearer {key}"
        return self._http.post(
            f"{self.base_url}/chat/completions", json=body, headers=headers, timeout=timeout
        )

    def post(self, content, path="/v1/chat/completions", **headers):
        headers = {"content-type": "application/json", **headers}
        return self._http.post(f"http://{self.address}{path}", content=content, headers=headers)

    # The operator's side.

    def admin(self, method, path, body=None, token=False, **headers):
        if token is True:
            token = self.token
        if token:
            headers["authorization"] = f"Bearer {token}"
        if body is not None:
            return self._http.request(
                method, f"http://{self.admin_address}{path}", json=body, headers=headers
            )
        return self._http.request(
            method, f"http://{self.admin_address}{path}", headers=headers
        )

    def order(self, path, body=None):
        """A verb of the operator, with all that it needs."""
        return self.admin("POST", path, {} if body is None else body, token=True)

    def metrics(self):
        """All samples of a scrape: {(name, labels): value}."""
        page = self.admin("GET", "/metrics")
        assert page.status_code == 200
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(page.text)
            for sample in family.samples
        }

    def metric(self, name, **labels):
        """One sample; 0 if there is none."""
        return self.metrics().get((name, frozenset(labels.items())), 0)

    def generation(self):
        return int(self.metric("sluice_generation"))

    def policy(self):
        reply = self.admin("GET", "/policy")
        assert reply.status_code == 200
        return reply.json()

    # The log.

    def events(self, name=None):
        """The log so far, as objects; every line must be one."""
        events = [json.loads(line) for line in list(self.out.lines)]
        return [event for event in events if name is None or event["event"] == name]

    def exchange(self, reply):
        """The log line of a reply."""
        request = reply.headers["x-request-id"]

        def line():
            return next(
                (e for e in self.events("exchange") if e.get("request") == request), None
            )

        return until(line, f"the log line of {request}")

    # Ending.

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, within=STOP):
        """Waits for its end; returns the exit status, which the caller judges."""
        self.is_awaited = True
        status = self.process.wait(within)
        self.out.join()
        self.err.join()
        return status

    def stop(self):
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        return self.wait()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        judged = self.is_awaited
        try:
            status = self.stop()
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("sluice did not stop on SIGTERM") from None
        finally:
            self._http.close()
        if kind is None and not judged:
            assert status == 0, f"sluice ended with {status}:\n{self.err.text}"
            assert "Fatal error" not in self.err.text, self.err.text
