"""The bundles that come with Sluice do what their READMEs say."""

import os
import re
import signal
import shutil
import socket
import subprocess

import openai
import pytest

from harness.gateway import ROOT, SLUICE, Lines, run
from harness.waiting import until

POLICIES = ROOT / "policies"
LONG = "Please look at this closely. " * 40


def test_quickstart_answers_without_a_key_and_again_from_the_cache(start):
    gateway = start(bundle=POLICIES / "quickstart")
    first = gateway.chat("What is a sluice?")
    again = gateway.chat("What is a sluice?")
    assert first.status_code == 200
    assert (first.headers["x-sluice-cache"], again.headers["x-sluice-cache"]) == ("miss", "exact")
    assert first.json()["choices"] == again.json()["choices"]
    assert first.headers["x-sluice-model"] == "small"
    hard = gateway.chat("Compare and evaluate lock gates and sluice gates.")
    assert (hard.headers["x-sluice-route"], hard.headers["x-sluice-model"]) == ("hard", "large")


def test_quickstart_streams_to_the_sdk(start):
    gateway = start(bundle=POLICIES / "quickstart")
    chunks = list(
        gateway.openai().chat.completions.create(
            model="auto", messages=[{"role": "user", "content": "Hello"}], stream=True,
            stream_options={"include_usage": True},
        )
    )
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert len(text.split()) == chunks[-1].usage.completion_tokens == 120


def test_the_simulated_model_obeys_max_tokens_and_says_the_same_again(start):
    gateway = start(bundle=POLICIES / "quickstart")
    client = gateway.openai(default_headers={"cache-control": "no-store"})

    def ask(**options):
        messages = [{"role": "user", "content": "Hello"}]
        return client.chat.completions.create(model="auto", messages=messages, **options).choices[0]

    short = ask(max_tokens=10)
    assert short.finish_reason == "length" and len(short.message.content.split()) == 10
    assert ask().message.content == ask().message.content


def test_resilient_hides_the_failures_of_its_flaky_service(start):
    gateway = start(bundle=POLICIES / "resilient")
    replies = [gateway.chat(f"n{number}") for number in range(30)]
    assert {reply.status_code for reply in replies} == {200}
    assert {reply.headers["x-sluice-model"] for reply in replies} <= {"quick", "spare"}
    # It did fail.
    assert any(gateway.exchange(reply)["attempts"] > 1 for reply in replies)
    streamed = gateway.openai().chat.completions.create(
        model="auto", messages=[{"role": "user", "content": "Hello"}], stream=True
    )
    assert [chunk.choices[0].finish_reason for chunk in streamed][-1] == "stop"
    assert gateway.chat(LONG).headers["x-sluice-route"] == "long"


def test_resilient_tells_what_it_knows_when_nothing_answers(start):
    text = (POLICIES / "resilient/policy.yaml").read_text()
    text = text.replace("ttl: 30s", "ttl: 1s").replace("failures: 33%", "failures: 0%")
    down = text.replace("failures: 0%", "failures: 100%").replace("seed: 8", "failures: 100%")
    gateway = start(text)
    first = gateway.chat("Hello")
    assert first.headers["x-sluice-model"] == "quick"
    before = gateway.generation()
    gateway.bundle.write(down)
    until(lambda: gateway.generation() > before, "a reload")

    def is_stale():
        return gateway.chat("Hello").headers["x-sluice-cache"] == "stale"

    until(is_stale, "a stale answer")
    stale = gateway.chat("Hello")
    assert stale.json()["choices"] == first.json()["choices"] and "age" in stale.headers

    def is_open():
        reply = gateway.chat("never asked")
        return reply if reply.status_code == 503 else None

    reply = until(is_open, "open breakers", within=20)
    assert 1 <= int(reply.headers["retry-after"]) <= 10
    for model in ("quick", "spare"):
        assert gateway.metric("sluice_breaker_transitions_total", model=model, state="open") >= 1


@pytest.mark.parametrize("name", ["quickstart", "launch", "resilient", "team-budgets"])
def test_every_bundle_is_without_a_finding(name):
    done = run("lint", POLICIES / name, "--fail-level", "warning")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def launch(start, keys):
    """The article's policy; its simulated upstream fails 2 % of the time, which retries hide."""
    products = ["support", "pricing", "assistant"]
    people = {
        tier: keys.add(tenant="acme", user=tier, tier=tier, products=products)[1]
        for tier in ("free", "premium")
    }
    gateway = start(bundle=POLICIES / "launch")

    def asked(tier, prompt, product="support", **options):
        return gateway.chat(
            prompt, key=people[tier], headers={"x-sluice-product": product}, **options
        )

    gateway.asked = asked
    gateway.people = people
    return gateway


def test_launch_takes_no_request_without_a_key(launch):
    with pytest.raises(openai.AuthenticationError):
        launch.openai("sk-sluice-nobody").models.list()
    assert launch.chat().status_code == 401


def test_launch_routes_by_complexity_and_tier(launch):
    def way(tier, prompt):
        headers = launch.asked(tier, prompt).headers
        return headers["x-sluice-route"], headers["x-sluice-model"]

    assert way("free", "Hello") == ("simple", "gpt-3.5-turbo")
    assert way("premium", "Compare these two.") == ("hard", "gpt-4")
    assert way("free", "Compare these two.")[0] == "rest"
    assert way("free", LONG)[1] in {"gpt-4-turbo", "gpt-3.5-turbo"}
    assert way("premium", LONG + "```x```") == ("hard", "gpt-4")


def test_launch_tells_simple_from_the_rest_at_200_tokens(launch):
    # " a" is one token; a message and the reply that begins are three each.
    assert launch.asked("free", " a" * 193).headers["x-sluice-route"] == "simple"
    assert launch.asked("free", " a" * 194).headers["x-sluice-route"] == "rest"


def test_launch_caches_by_product_and_scope(launch):
    for product, across in [("support", "exact"), ("pricing", "exact"), ("assistant", "miss")]:
        prompt = f"What about {product}?"
        assert launch.asked("free", prompt, product).headers["x-sluice-cache"] == "miss"
        assert launch.asked("free", prompt, product).headers["x-sluice-cache"] == "exact"
        assert launch.asked("premium", prompt, product).headers["x-sluice-cache"] == across


def test_launch_admits_a_hundred_a_minute_and_twice_as_many_for_premium(launch):
    def admitted(tier):
        # All but the first from the cache: it is quick, and hits count.
        codes = [launch.chat("same", key=launch.people[tier]).status_code for _ in range(110)]
        return codes.count(429)

    assert admitted("free") == 10
    assert launch.asked("premium", "Hello").headers["x-ratelimit-limit-requests"] == "200"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.mark.skipif(not shutil.which("curl"), reason="without curl there is nothing to try")
def test_the_lines_that_run_prints_can_be_tried_and_ctrl_c_drains(tmp_path):
    listen, admin = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    process = subprocess.Popen(
        [ROOT / "scripts/run"],
        env={**os.environ, "SLUICE": SLUICE, "LISTEN": listen, "ADMIN": admin,
             "STATE": str(tmp_path / "state")},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
    )
    out, err = Lines(process.stdout), Lines(process.stderr)
    try:
        until(lambda: "Ctrl-C" in out.text, "what to try", within=30)
        lines = re.findall(r"^\s*(curl .*)$", out.text, re.MULTILINE)
        assert len(lines) == 3
        replies = [
            subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=20).stdout
            for line in lines
        ]
        assert all(reply.startswith("HTTP/1.1 200") for reply in replies), replies
        assert "x-sluice-cache: miss" in replies[0].lower()
        assert "x-sluice-cache: exact" in replies[1].lower()
        assert "x-sluice-model: large" in replies[2].lower()
        assert f"http://{admin}/" in out.text
    finally:
        # As a terminal does it: to the whole group.
        os.killpg(process.pid, signal.SIGINT)
        status = process.wait(20)
    err.join()
    assert status == 0, err.text
