"""Starting and stopping: what is in flight finishes, what cannot start says why."""

import signal
import socket
import threading

import httpx
import pytest

from harness.bundle import Bundle, policy
from harness.gateway import run
from harness.load import load
from harness.upstream import delta
from harness.waiting import until
from harness.wire import Reader, chat, events, request

MESSAGES = [{"role": "user", "content": "Hello"}]


class HeldStream:
    """An upstream whose stream waits for `go` in its middle."""

    def __init__(self, upstream):
        self.go = threading.Event()
        upstream.behave = self.behave

    def behave(self, call):
        call.begin_stream()
        call.chunk(delta("m", {"content": "first"}))
        call.hold(until=self.go)
        call.chunk(delta("m", {}, finish="stop"))
        call.end_stream()


def refuses_connections(gateway):
    def look():
        try:
            gateway.connect(1).close()
            return False
        except (ConnectionRefusedError, ConnectionResetError, socket.timeout):
            return True

    return look


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_a_stream_finish_and_takes_no_new_one(start, upstream, number):
    held = HeldStream(upstream)
    gateway = start(policy(upstream))
    client = gateway.openai()
    stream = client.chat.completions.create(model="auto", messages=MESSAGES, stream=True)
    assert next(stream).choices[0].delta.content == "first"
    gateway.signal(number)
    until(refuses_connections(gateway), "new connections are refused")
    assert gateway.process.poll() is None
    held.go.set()
    assert [c.choices[0].finish_reason for c in stream] == ["stop"]
    assert gateway.wait() == 0
    names = [event["event"] for event in gateway.events()]
    assert names.index("draining") < names.index("exchange") < names.index("stopped")


def test_readiness_is_withdrawn_while_draining(start, upstream):
    held = HeldStream(upstream)
    gateway = start(policy(upstream))
    stream = gateway.openai().chat.completions.create(model="auto", messages=MESSAGES, stream=True)
    next(stream)
    gateway.signal(signal.SIGTERM)

    def is_unready():
        reply = gateway.admin("GET", "/readyz")
        return reply.status_code == 503 and "drain" in reply.text

    until(is_unready, "/readyz says 503")
    held.go.set()
    list(stream)
    assert gateway.wait() == 0


def test_idle_connections_do_not_hold_up_the_end(start, upstream):
    gateway = start(policy(upstream))
    with httpx.Client() as client:
        client.post(f"{gateway.base_url}/chat/completions", json=chat())
        with gateway.connect():
            gateway.signal(signal.SIGTERM)
            # Well below the drain's deadline of 5 s.
            assert gateway.wait(within=4) == 0


def test_what_outlasts_the_deadline_is_cut_with_a_legal_end(start, upstream):
    HeldStream(upstream)
    gateway = start(policy(upstream, server={"timeout": {"drain": "300ms"}}))
    with gateway.connect() as connection:
        connection.sendall(request(chat(stream=True)))
        reader = Reader(connection)
        assert reader.head()[0] == 200
        body = reader.chunk()
        gateway.signal(signal.SIGTERM)
        while data := reader.chunk():
            body += data
    data = events(body)
    assert "[DONE]" not in data and data[-1]["error"]["code"] == "draining"
    assert gateway.wait() == 0
    assert gateway.events("stopped")[0]["cut"] == 1


def test_a_second_signal_stops_at_once(start, upstream):
    HeldStream(upstream)
    gateway = start(policy(upstream, server={"timeout": {"drain": "1h"}}))
    stream = gateway.openai().chat.completions.create(model="auto", messages=MESSAGES, stream=True)
    next(stream)
    gateway.signal(signal.SIGTERM)
    until(refuses_connections(gateway), "new connections are refused")
    gateway.signal(signal.SIGTERM)
    # Whatever it says, it is over.
    gateway.wait(within=5)


# What cannot start.


def serve(bundle, state, *arguments, **options):
    listen = arguments or ("--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")
    return run("serve", bundle, "--state", state, *listen, env={"UPSTREAM_KEY": "x"}, **options)


def says(done, status, *words):
    assert done.returncode == status, done.stderr
    for word in words:
        assert word in done.stderr, done.stderr
    assert "Fatal error" not in done.stderr


def test_a_second_gateway_on_the_same_state_is_refused(start, upstream, state):
    gateway = start(policy(upstream))
    done = serve(gateway.bundle.path, state)
    says(done, 3, "in use", str(gateway.process.pid), "--state")
    assert gateway.chat().status_code == 200


@pytest.mark.parametrize("flag", ["--listen", "--admin"])
def test_an_address_that_is_taken_is_refused(upstream, tmp_path, flag):
    bundle = Bundle(tmp_path / "bundle", policy(upstream))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        other = "--admin" if flag == "--listen" else "--listen"
        done = serve(bundle.path, tmp_path / "state", flag, address, other, "127.0.0.1:0")
    says(done, 3, address)


def test_a_missing_bundle_could_not_run(tmp_path):
    says(serve(tmp_path / "nothing", tmp_path / "state"), 3, "nothing")


def test_a_bad_bundle_is_refused_with_its_findings(tmp_path):
    bundle = Bundle(tmp_path / "bundle", "sluice: v1\nroutes:\n  - { name: a, too: b }\n")
    says(serve(bundle.path, tmp_path / "state"), 1, "SL0", "policy.yaml:3")


def test_a_missing_secret_refuses_the_start_at_its_place(upstream, tmp_path):
    upstreams = {"main": {"api": "openai", "url": upstream.url, "secret": "env:NOT_SET_ANYWHERE"}}
    bundle = Bundle(tmp_path / "bundle", policy(upstream, upstreams=upstreams))
    says(serve(bundle.path, tmp_path / "state"), 1, "NOT_SET_ANYWHERE", "policy.yaml:")
    # Lint needs no secret.
    assert run("lint", bundle.path).returncode == 0


def test_anonymous_traffic_is_not_served_beyond_this_machine(upstream, tmp_path):
    bundle = Bundle(tmp_path / "bundle", policy(upstream))
    done = serve(
        bundle.path, tmp_path / "state", "--listen", "0.0.0.0:0", "--admin", "127.0.0.1:0"
    )
    says(done, 1, "anonymous")


def test_a_state_folder_that_cannot_be_made_is_told(upstream, tmp_path):
    bundle = Bundle(tmp_path / "bundle", policy(upstream))
    says(serve(bundle.path, tmp_path / "a" / "b" / "c"), 3, "--state")
    (tmp_path / "file").write_text("")
    says(serve(bundle.path, tmp_path / "file"), 3, "--state", "a file of that name")


@pytest.mark.parametrize("flag", ["--listen", "--admin"])
def test_a_flag_that_is_no_address_is_a_wrong_command_line(upstream, tmp_path, flag):
    bundle = Bundle(tmp_path / "bundle", policy(upstream))
    done = serve(bundle.path, tmp_path / "state", flag, "127.0.0.1:99999")
    says(done, 2, "SL0118", flag, "not the policy")


# The log.


def test_a_reader_of_the_log_that_is_gone_changes_nothing(start, upstream):
    gateway = start(policy(upstream))
    # As `sluice serve … | head -1` does it.
    gateway.out.leave()
    for number in range(20):
        assert gateway.chat(f"n{number}").status_code == 200
    until(
        lambda: gateway.metric("llm_request_duration_seconds_count", model="small") == 20,
        "20 exchanges in the metrics",
    )
    assert gateway.stop() == 0


def test_a_reader_of_the_log_that_sleeps_costs_lines_and_nothing_else(start, upstream, tmp_path):
    gateway = start(
        policy(upstream, products={"assistant": {"cache": {"scope": "product", "ttl": "1h"}}})
    )
    gateway.out.sleep()

    def has_dropped():
        assert load(gateway, 2, tmp_path).result().errors == 0
        return gateway.metric("sluice_log_lines_dropped_total") > 0

    until(has_dropped, "lines that were dropped", within=30)
    assert gateway.metric("process_resident_memory_bytes") < 300 << 20
    gateway.signal(signal.SIGTERM)
    assert gateway.process.wait(10) == 0
    gateway.out.wake()
    # Whole lines were lost, never parts of one.
    assert gateway.wait() == 0 and gateway.events("exchange")
