"""The admin listener: who may, what it tells, and that it tells no secrets."""

import json
import socket
import threading

import pytest

from harness.bundle import policy
from harness.gateway import UPSTREAM_KEY
from harness.upstream import delta
from harness.waiting import until
from harness.wire import Reader

VERBS = ["/policy/reload", "/policy/rollback", "/cache/invalidate", "/breakers/force"]
READINGS = ["/", "/metrics", "/policy", "/graph", "/breakers", "/healthz", "/readyz"]


@pytest.mark.parametrize("path", READINGS)
def test_reading_needs_no_token_on_loopback(gateway, path):
    assert gateway.admin("GET", path).status_code == 200


@pytest.mark.parametrize("path", VERBS)
def test_a_verb_needs_the_token(gateway, path):
    reply = gateway.admin("POST", path, {})
    assert (reply.status_code, reply.json()["error"]["code"]) == (401, "missing_admin_token")
    assert gateway.admin("POST", path, {}, token="sk-admin-wrong").status_code == 403
    assert gateway.admin("GET", path, token=True).status_code == 405


@pytest.mark.parametrize("path", VERBS)
def test_a_tenant_s_key_is_forbidden_there(start, upstream, keys, path):
    _, key = keys.add()
    gateway = start(policy(upstream, identity={"keys": "keys.jsonl"}))
    assert gateway.chat(key=key).status_code == 200
    assert gateway.admin("POST", path, {}, token=key).status_code == 403


@pytest.mark.parametrize("path", VERBS)
def test_a_verb_refuses_a_host_that_is_not_its_own(gateway, path):
    for host in ["evil.example", "evil.example:9090", "127.0.0.1.evil.example"]:
        reply = gateway.admin("POST", path, {}, token=True, host=host)
        assert (reply.status_code, reply.json()["error"]["code"]) == (403, "unknown_host")


@pytest.mark.parametrize("path", VERBS)
def test_a_verb_refuses_what_a_form_could_send(gateway, path):
    for media in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]:
        reply = gateway.admin("POST", path, token=True, **{"content-type": media})
        assert reply.status_code == 415
    assert gateway.admin("POST", path, token=True).status_code == 415


def test_the_traffic_listener_knows_no_verb_and_the_admin_listener_no_traffic(gateway):
    for path in VERBS + READINGS:
        assert gateway.post(b"{}", path).status_code == 404
    assert gateway.admin("POST", "/v1/chat/completions", {}, token=True).status_code == 404


@pytest.mark.parametrize(
    "body", [{}, {"product": ""}, {"product": "a", "tag": "b"}, {"everything": False}, {"key": "zz"},
             {"prodcut": "a"}, [], "x"],
)
def test_an_invalidation_names_exactly_one_thing(gateway, body):
    assert gateway.order("/cache/invalidate", body).status_code == 400


def test_the_token_is_made_once_and_kept(start, upstream, tmp_path):
    gateway = start(policy(upstream), state=tmp_path / "kept")
    token = gateway.token
    assert gateway.stop() == 0
    again = start(policy(upstream), state=tmp_path / "kept")
    assert again.token == token
    assert again.order("/policy/reload").status_code == 200
    assert token not in again.err.text + again.out.text
    until(lambda: "admin-token" in again.err.text, "the place of the token")


def test_policy_tells_what_is_served(gateway):
    shown = gateway.policy()
    text = json.dumps(shown)
    assert shown["generation"] == gateway.generation()
    for name in ("small", "large", "fast", "powerful", "rest"):
        assert name in text


def test_graph_is_text_or_dot(gateway):
    text = gateway.admin("GET", "/graph").text
    assert "identity" in text and "route" in text and "->" in text
    assert gateway.admin("GET", "/graph?format=dot").text.startswith("digraph")
    assert gateway.admin("GET", "/graph?format=mermaid").text.startswith("flowchart")
    for query in ("format=svg", "fromat=dot", "format=dot&format=text"):
        assert gateway.admin("GET", f"/graph?{query}").status_code == 400


def test_the_page_for_people_explains_itself_and_loads_nothing(gateway):
    page = gateway.admin("GET", "/")
    assert page.headers["content-type"].startswith("text/html")
    assert "http://" not in page.text.replace(gateway.base_url, "")
    assert "<script src" not in page.text and "default-src" in page.headers["content-security-policy"]


# Metrics.


def test_the_four_series_have_the_right_values_after_a_known_number_of_requests(
    start, upstream, refusing
):
    sections = policy(
        upstream,
        upstreams={
            "main": {"api": "openai", "url": upstream.url},
            "down": {"api": "openai", "url": refusing.url},
        },
        products={"assistant": {"cache": {"scope": "product", "ttl": "1h"}}},
        limits={"few": {"rate": "12/h"}},
    )
    sections["models"]["lost"] = dict(sections["models"]["small"], upstream="down")
    gateway = start(sections)
    for number in range(5):
        assert gateway.chat(f"n{number}").status_code == 200  # misses
    for _ in range(3):
        assert gateway.chat("n0", stream=True).status_code == 200  # hits
    assert gateway.chat(model="lost").status_code == 502  # an error
    assert gateway.chat(model="nobody").status_code == 404

    def cut(call):
        call.begin_stream()
        call.chunk(delta("m", {"content": "half"}))
        call.reset()

    upstream.behave = cut
    gateway.chat("cut", stream=True)
    assert gateway.chat(model="nobody").status_code == 404
    assert gateway.chat("over the limit").status_code == 429  # refused

    until(lambda: len(gateway.events("exchange")) == 13, "13 lines of the log")

    def requests(model, status, hit):
        return gateway.metric("llm_requests_total", model=model, status=status, cache_hit=hit)

    assert requests("small", "success", "false") == 5
    assert requests("small", "success", "true") == 3
    assert requests("small", "cut", "false") == 1
    assert requests("none", "error", "false") == 3
    assert requests("none", "refused", "false") == 1
    assert gateway.metric("llm_cost_dollars_total", model="small", user_tier="free") == pytest.approx(
        5 * 25e-6 + (7 * 1 + 1 * 2) / 1e6  # of the cut one what was sent and what came is counted
    )
    assert gateway.metric("llm_request_duration_seconds_count", model="small") == 9
    buckets = {
        dict(labels)["le"] for name, labels in gateway.metrics()
        if name == "llm_request_duration_seconds_bucket"
    }
    assert {float(b) for b in buckets} == {0.5, 1, 2.5, 5, 10, 30, float("inf")}
    assert gateway.metric("llm_active_requests") == 0
    total = sum(v for (n, _), v in gateway.metrics().items() if n == "llm_requests_total")
    assert total == 13


def test_every_exit_has_a_counter_and_sluice_s_own_series_are_there(gateway):
    gateway.chat()
    names = {name for name, _ in gateway.metrics()}
    for name in [
        "sluice_exit_total", "sluice_overhead_seconds_count", "sluice_generation",
        "sluice_connections_open", "process_resident_memory_bytes", "process_open_fds",
    ]:
        assert name in names, name
    exits = {
        (dict(labels)["node"], dict(labels)["exit"])
        for name, labels in gateway.metrics() if name == "sluice_exit_total"
    }
    assert ("identity", "anonymous") in exits


def test_overhead_leaves_out_the_wait_for_the_upstream(start, upstream):
    go = threading.Event()

    def behave(call):
        call.hold(until=go)
        call.answer()

    upstream.behave = behave
    gateway = start(policy(upstream))
    thread = threading.Thread(target=gateway.chat)
    thread.start()
    upstream.called()
    threading.Timer(0.6, go.set).start()
    thread.join()
    until(lambda: gateway.metric("sluice_overhead_seconds_count") == 1, "one exchange")
    assert gateway.metric("sluice_overhead_seconds_sum") < 0.3
    assert gateway.metric("llm_request_duration_seconds_sum", model="small") >= 0.5


# The log.


def test_a_request_is_one_line_of_json_that_says_how_it_went(gateway):
    line = gateway.exchange(gateway.chat(stream=True))
    assert line["status"] == "success" and line["http"] == 200
    assert (line["route"], line["model"], line["tier"]) == ("rest", "small", "free")
    assert line["duration_ms"] >= line["upstream_ms"] >= 0
    assert line["user"].startswith("ip:")
    assert "identity" in line["trail"]


MARKERS = ["PROMPT-MARKER", "ANSWER-MARKER", "TOOL-MARKER", "KEY-MARKER", "ERROR-MARKER", UPSTREAM_KEY]


def test_no_prompt_answer_or_secret_is_seen_anywhere(start, upstream, keys):
    _, key = keys.add(tenant="acme", user="ada")
    gateway = start(policy(upstream, identity={"keys": "keys.jsonl"}))
    token = gateway.token
    seen = []

    def ask(**options):
        reply = gateway.chat("PROMPT-MARKER", key=options.pop("key", key), **options)
        if reply.status_code != 200:
            seen.append(reply.text)
        seen.append(repr(reply.headers))

    upstream.behave = lambda call: call.answer("ANSWER-MARKER")
    ask(tools=[{"type": "function", "function": {"name": "TOOL-MARKER"}}])
    ask(stream=True)
    ask(key="KEY-MARKER")
    ask(n=-1)
    seen.append(gateway.post(b'{"model": "auto", "messages": [{"PROMPT-MARKER": ', authorization=f"Bearer {key}").text)
    upstream.behave = lambda call: call.reply(500, b"ERROR-MARKER PROMPT-MARKER")
    ask()
    upstream.behave = lambda call: call.reply(200, b'{"ERROR-MARKER": ')
    ask(stream=True)
    gateway.bundle.save("sluice: v1\nupstreams: { x: { api: openai, url: u, secret: KEY-MARKER } }\n")
    until(lambda: gateway.metric("sluice_config_refused") == 1, "a refused reload")
    for path in READINGS:
        reply = gateway.admin("GET", path)
        seen.append(reply.text + repr(reply.headers))
    seen.append(gateway.order("/policy/reload").text)
    assert gateway.stop() == 0
    seen += [gateway.out.text, gateway.err.text]
    everything = "\n".join(seen)
    for marker in [*MARKERS, key, token]:
        assert marker not in everything, marker
    assert len([json.loads(line) for line in gateway.out.lines]) >= 8


def test_a_name_that_a_client_sends_cannot_forge_a_line(gateway):
    # What came before is written before this, the log being one queue.
    gateway.exchange(gateway.chat())
    before = len(gateway.out.lines)
    reply = gateway.chat(model='x"}\n{"event":"forged"}\u2028\x1b[31m')
    assert reply.status_code == 404
    gateway.exchange(reply)
    assert not [e for e in gateway.events() if e["event"] == "forged"]
    assert len(gateway.out.lines) == before + 1
    assert "\x1b" not in gateway.out.text


def test_metric_labels_cannot_be_multiplied_by_clients(gateway):
    gateway.chat(model="nobody-0")
    before = len(gateway.metrics())
    for number in range(50):
        gateway.chat(model=f"nobody-{number}", headers={"x-sluice-user": f"u{number}"})
    assert len(gateway.metrics()) == before


def test_a_scraper_that_drips_does_not_hold_the_others(gateway):
    host, _, port = gateway.admin_address.rpartition(":")
    with socket.create_connection((host, int(port)), 5) as slow:
        slow.sendall(b"GET /metr")
        assert gateway.admin("GET", "/metrics").status_code == 200
        slow.sendall(b"ics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert Reader(slow).reply().status == 200
