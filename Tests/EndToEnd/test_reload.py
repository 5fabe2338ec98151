"""Reload: whole or not at all, told either way, and no request pays for it."""

import json
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from harness.bundle import EXPOSE, ConfigMapBundle, policy, text_of
from harness.gateway import run
from harness.upstream import delta
from harness.waiting import until


def routed(upstream, name, **sections):
    """A policy that can be told by the name of its route."""
    return policy(upstream, routes=[{"name": name, "to": "fast"}], **sections)


def serves(gateway, route):
    return lambda: gateway.chat().headers.get("x-sluice-route") == route


class Load:
    """Clients on kept-alive connections that ask until they are told to stop."""

    def __init__(self, gateway, threads=8):
        self.replies = []
        self.failures = []
        self._over = threading.Event()
        self._url = f"{gateway.base_url}/chat/completions"
        self._threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, number):
        body = {"model": "auto", "messages": [{"role": "user", "content": f"n{number}"}]}
        with httpx.Client(timeout=10) as client:
            while not self._over.is_set():
                body["stream"] = not body.get("stream")
                try:
                    reply = client.post(self._url, json=body)
                    whole = "[DONE]" in reply.text or not body["stream"]
                    if reply.status_code != 200 or not whole:
                        self.failures.append((reply.status_code, reply.text))
                    else:
                        generation = int(reply.headers["x-sluice-generation"])
                        self.replies.append((number, generation, reply.headers["x-sluice-route"]))
                except httpx.HTTPError as error:
                    self.failures.append(repr(error))


def test_a_reload_under_load_fails_no_request(start, upstream):
    gateway = start(routed(upstream, "r1"))
    with Load(gateway) as load:
        until(lambda: len(load.replies) > 40, "load under the first generation")
        for number in range(2, 8):
            gateway.bundle.save(routed(upstream, f"r{number}"))
            until(lambda: gateway.generation() == number, f"generation {number}")
            seen = len(load.replies)
            until(lambda: len(load.replies) > seen + 40, "load under that generation")
    assert load.failures == []
    # Every exchange ran under one policy: number and route belong together.
    assert {(g, r) for _, g, r in load.replies} == {(n, f"r{n}") for n in range(1, 8)}
    for client in range(8):
        generations = [g for n, g, _ in load.replies if n == client]
        assert generations == sorted(generations)


def test_an_exchange_keeps_its_generation_to_the_end(start, upstream):
    go = threading.Event()

    def behave(call):
        if not call.json.get("stream"):
            return call.answer()
        call.begin_stream()
        call.chunk(delta("m", {"content": "old"}))
        call.hold(until=go)
        call.chunk(delta("m", {}, finish="stop"))
        call.end_stream()

    upstream.behave = behave
    gateway = start(routed(upstream, "old"))
    with gateway.openai() as client:
        raw = client.chat.completions.with_streaming_response.create(
            model="auto", messages=[{"role": "user", "content": "x"}], stream=True
        )
        with raw as reply:
            assert reply.headers["x-sluice-route"] == "old"
            stream = iter(reply.parse())
            next(stream)
            gateway.bundle.save(routed(upstream, "new"))
            until(serves(gateway, "new"), "the new policy")
            assert gateway.metric("sluice_generations_live") == 2
            go.set()
            assert [c.choices[0].finish_reason for c in stream] == ["stop"]
            request = reply.headers["x-request-id"]
    line = until(
        lambda: next((e for e in gateway.events("exchange") if e["request"] == request), None),
        "the log line of the stream",
    )
    assert (line["generation"], line["route"], line["status"]) == (1, "old", "success")
    until(lambda: gateway.metric("sluice_generations_live") == 1, "the end of the old policy")


BROKEN = """sluice: v1
upstreams:
  main: { api: openai, url: "http://127.0.0.1:9/v1" }
models:
  small: { upstream: man, context: 10, max_output: 5 }
targets: { fast: [smal] }
routes:
  - { name: rest, too: fast }
"""


def test_a_broken_reload_is_refused_and_told_everywhere(start, upstream):
    gateway = start(routed(upstream, "good"))
    gateway.bundle.write(BROKEN)
    until(lambda: gateway.metric("sluice_reload_total", result="refused") >= 1, "a refused reload")
    # The old policy serves.
    reply = gateway.chat()
    assert (reply.status_code, reply.headers["x-sluice-route"]) == (200, "good")
    assert gateway.generation() == 1
    assert gateway.metric("sluice_config_refused") == 1
    # With the same diagnostics as lint.
    lint = run("lint", gateway.bundle.path, "--format", "json")
    assert lint.returncode == 1
    findings = json.loads(lint.stdout)["findings"]
    codes = sorted(f["code"] for f in findings)
    assert len(codes) >= 3
    line = gateway.events("reload")[-1]
    assert line["result"] == "refused" and line["cause"] == "files"
    assert sorted(line["codes"]) == codes
    places = {f"{f['place']['file']}:{f['place']['line']}:{f['place']['column']}" for f in findings}
    assert set(line["places"]) == places
    shown = json.dumps(gateway.policy())
    assert "refused" in shown and all(code in shown for code in codes)
    assert "refused" in gateway.admin("GET", "/").text
    # And mended.
    gateway.bundle.write(routed(upstream, "mended"))
    until(serves(gateway, "mended"), "the mended policy")
    assert gateway.metric("sluice_config_refused") == 0
    assert gateway.generation() == 2


def test_a_missing_secret_refuses_a_reload(start, upstream):
    gateway = start(routed(upstream, "good"))
    upstreams = {"main": {"api": "openai", "url": upstream.url, "secret": "env:NOT_SET_ANYWHERE"}}
    gateway.bundle.save(routed(upstream, "bad", upstreams=upstreams))
    until(lambda: gateway.metric("sluice_reload_total", result="refused") == 1, "a refused reload")
    assert serves(gateway, "good")()


def test_an_operator_reloads_and_is_told_how_it_ended(start, upstream):
    gateway = start(routed(upstream, "one"))
    unchanged = gateway.order("/policy/reload")
    assert unchanged.status_code == 200 and "unchanged" in unchanged.text
    forced = gateway.order("/policy/reload", {"force": True})
    assert forced.status_code == 200 and gateway.generation() == 2
    gateway.bundle.write(BROKEN)
    refused = gateway.order("/policy/reload")
    assert refused.status_code == 422 and "SL0" in refused.text
    assert serves(gateway, "one")()


def test_a_rollback_serves_the_previous_policy_until_the_files_change(start, upstream):
    gateway = start(routed(upstream, "one"))
    assert gateway.order("/policy/rollback").status_code == 409
    gateway.bundle.save(routed(upstream, "two"))
    until(serves(gateway, "two"), "the second policy")
    reply = gateway.order("/policy/rollback")
    assert reply.status_code == 200, reply.text
    assert serves(gateway, "one")()
    # Generations only grow.
    assert gateway.generation() == 3
    assert gateway.metric("sluice_reload_total", result="rolled_back") == 1
    gateway.bundle.save(routed(upstream, "three"))
    until(serves(gateway, "three"), "the third policy")


def test_sighup_reads_the_files_again(start, upstream):
    gateway = start(routed(upstream, "one"))
    gateway.signal(signal.SIGHUP)
    line = until(
        lambda: next((e for e in gateway.events("reload") if e["cause"] == "signal"), None),
        "a reload by signal",
    )
    assert line["result"] == "unchanged"


def test_a_kubernetes_volume_is_followed_when_it_is_swapped(start, upstream, tmp_path):
    bundle = ConfigMapBundle(tmp_path / "configmap", routed(upstream, "v1"))
    gateway = start(bundle=bundle)
    for name in ("v2", "v3", "v4"):
        bundle.swap(routed(upstream, name))
        until(serves(gateway, name), f"{name} after the swap")
    assert gateway.metric("sluice_reload_total", result="refused") == 0


def test_writing_renaming_adding_and_removing_files_are_all_seen(start, upstream):
    gateway = start(routed(upstream, "one"))
    gateway.bundle.write(routed(upstream, "written"))
    until(serves(gateway, "written"), "a file that was written in place")
    gateway.bundle.save(routed(upstream, "renamed"))
    until(serves(gateway, "renamed"), "a file that was renamed into place")
    sections = routed(upstream, "split")
    routes = {"sluice": "v1", "routes": sections.pop("routes")}
    other = gateway.bundle.path / "more"
    other.mkdir()
    (other / "routes.yaml").write_text(text_of(routes))
    gateway.bundle.save(sections)
    until(serves(gateway, "split"), "a file in a new folder")
    (other / "routes.yaml").unlink()
    gateway.bundle.save(routed(upstream, "joined"))
    until(serves(gateway, "joined"), "a file that is gone")


def test_an_upstream_that_changes_is_used_from_then_on(start, upstream, second_upstream):
    gateway = start(routed(upstream, "one"))
    gateway.chat()
    gateway.bundle.save(routed(second_upstream, "two"))
    until(serves(gateway, "two"), "the new policy")
    assert second_upstream.count >= 1
    # A pool of an upstream that did not change survives.
    opened = second_upstream.opened
    gateway.bundle.save(routed(second_upstream, "three"))
    until(serves(gateway, "three"), "the third policy")
    assert second_upstream.opened - opened <= 1


def test_a_storm_of_writes_ends_with_the_last_one(start, upstream):
    gateway = start(routed(upstream, "r0"))
    for number in range(1, 60):
        gateway.bundle.write(BROKEN if number % 3 == 0 else routed(upstream, f"r{number}"))
    gateway.bundle.write(routed(upstream, "last"))
    until(serves(gateway, "last"), "the last of many writes")
    until(lambda: gateway.metric("sluice_config_refused") == 0, "no refused policy")


def test_an_address_of_the_files_is_overridden_by_the_flag_with_a_warning(start, upstream):
    server = {"listen": ["127.0.0.1:1"], "admin": "127.0.0.1:2"}
    gateway = start(routed(upstream, "one", server=server))
    assert gateway.chat().status_code == 200
    assert "--listen" in gateway.err.text


def test_nothing_keeps_an_old_policy_alive_when_nobody_runs_under_it(start, upstream):
    gateway = start(routed(upstream, "r1"))
    gateway.chat()
    for number in range(2, 5):
        gateway.bundle.save(routed(upstream, f"r{number}"))
        until(lambda: gateway.generation() == number, f"generation {number}")
        until(lambda: gateway.metric("sluice_generations_live") == 1, "one live generation")


def test_forty_reloads_leave_no_descriptor_behind(start, tmp_path):
    def simulated(seed):
        return {
            "sluice": "v1",
            "upstreams": {"sim": {"api": "simulated", "latency": "1ms", "output": 5, "seed": seed}},
            "models": {"small": {"upstream": "sim", "context": 1000, "max_output": 100}},
            "targets": {"fast": ["small"]},
            "routes": [{"name": f"r{seed}", "to": "fast"}],
        }

    gateway = start(simulated(0))
    gateway.chat()

    def reload(seed):
        gateway.bundle.save(simulated(seed))
        assert gateway.order("/policy/reload").status_code == 200
        assert gateway.chat().headers["x-sluice-route"] == f"r{seed}"

    for seed in range(1, 6):
        reload(seed)
    before = gateway.metric("process_open_fds")
    for seed in range(6, 41):
        reload(seed)
    # A retired server and its connections close when their last exchange has ended.
    until(lambda: gateway.metric("process_open_fds") <= before + 2, "no more descriptors than before")


def test_cached_answers_survive_a_reload(start, upstream):
    products = {"assistant": {"cache": {"scope": "product", "ttl": "1h"}}}
    gateway = start(routed(upstream, "one", products=products))
    gateway.chat()
    gateway.bundle.save(routed(upstream, "two", products=products))
    until(lambda: gateway.generation() == 2, "the new policy")
    assert gateway.chat().headers["x-sluice-cache"] == "exact"
    assert upstream.count == 1


def free_address():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


def test_a_reload_moves_to_another_address_and_drains_the_old_one(start, upstream):
    old, new, admin = free_address(), free_address(), free_address()

    def at(address, name):
        return routed(upstream, name, server={"listen": [address], "admin": admin, "expose": EXPOSE})

    go = threading.Event()
    gateway = start(at(old, "old"), flags=False)
    assert gateway.address == old
    upstream.behave = lambda call: (call.hold(until=go), call.answer())
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(gateway.chat)
        upstream.called()
        gateway.bundle.save(at(new, "new"))
        until(lambda: gateway.generation() == 2, "the new policy")
        go.set()
        reply = waiting.result()
    assert (reply.status_code, reply.headers["x-sluice-route"]) == (200, "old")
    gateway.address = new
    assert gateway.chat().headers["x-sluice-route"] == "new"
    gateway.address = old
    with pytest.raises(ConnectionRefusedError):
        gateway.connect()
    # One that is taken refuses the reload, and the policy that was served still is.
    with socket.create_server(("127.0.0.1", 0)) as taken:
        gateway.bundle.save(at(f"127.0.0.1:{taken.getsockname()[1]}", "third"))
        until(lambda: gateway.metric("sluice_config_refused") == 1, "a refused reload")
        gateway.address = new
        assert gateway.chat().headers["x-sluice-route"] == "new"
