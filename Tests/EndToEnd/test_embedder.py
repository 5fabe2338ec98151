"""Meanings from an upstream: paid for on the exchange's budgets, and never in the way of an answer."""

import base64
import struct

import pytest

from harness.bundle import EXPOSE, MODELS, policy
from harness.waiting import until

RESET = "How do I reset my password?"
SAME = "How can I reset my password?"
OTHER = "Where is the station?"
# Of length 5 and 1: the gateway makes both as long as 1.
VECTORS = {RESET: [3.0, 4.0, 0.0], SAME: [0.6, 0.8, 0.01], OTHER: [0.0, 0.0, 1.0]}


def embedded(upstream, **changes):
    vectors = {**MODELS["small"], "id": "vendor-vectors", "serves": ["embeddings"]}
    return policy(
        upstream,
        **{
            "models": {"small": MODELS["small"], "vectors": vectors},
            "targets": {"fast": ["small"]},
            "server": {"timeout": {"drain": "5s"}, "expose": [*EXPOSE, "similarity"]},
            "products": {
                "assistant": {
                    "cache": {
                        "scope": "product",
                        "ttl": "1h",
                        "semantic": {"threshold": 0.95, "embedder": "vectors"},
                    }
                }
            },
            "budgets": {"day": {"per": "day", "limit": "$10"}},
            **changes,
        },
    )


class Service:
    """Answers chats, and embeds in a form, or fails."""

    def __init__(self):
        self.vectors = dict(VECTORS)
        self.form = "floats"
        self.calls = []

    def __call__(self, call):
        if call.path != "/v1/embeddings":
            return call.answer(f"answer to {call.prompt}")
        self.calls.append(call.json)
        if self.form == "failing":
            return call.reply(500, {"error": {"message": "x", "type": "server_error", "code": None}})
        vector = self.vectors[call.json["input"]]
        if self.form == "base64":
            vector = base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
        call.reply(
            200,
            {
                "object": "list",
                "model": call.json["model"],
                "data": [{"object": "embedding", "index": 0, "embedding": vector}],
                "usage": {"prompt_tokens": 5, "total_tokens": 5},
            },
        )


@pytest.fixture
def service(upstream):
    upstream.behave = Service()
    return upstream.behave


def outcome(reply):
    assert reply.status_code == 200, reply.text
    return reply.headers["x-sluice-cache"]


def kept(gateway, count):
    until(lambda: gateway.metric("sluice_semantic_questions") == count, f"{count} questions")


def semantic(gateway, reply):
    """The exit of the node."""
    return gateway.exchange(reply)["trail"].split("semantic fast:")[1].split()[0]


@pytest.mark.parametrize("form", ["floats", "base64"])
def test_a_near_question_costs_its_vector_and_no_answer(start, upstream, service, form):
    service.form = form
    gateway = start(embedded(upstream))
    first = gateway.chat(RESET)
    assert outcome(first) == "miss"
    kept(gateway, 1)
    hit = gateway.chat(SAME)
    assert outcome(hit) == "semantic"
    assert hit.json()["choices"][0]["message"]["content"] == f"answer to {RESET}"
    assert float(hit.headers["x-sluice-similarity"]) > 0.99
    # Five tokens at a dollar a million.
    assert float(hit.headers["x-sluice-cost"]) == 0.000005
    assert outcome(gateway.chat(OTHER)) == "miss"
    assert service.calls[0] == {"model": "vendor-vectors", "input": RESET}
    assert outcome(gateway.chat(RESET)) == "exact"
    assert len(service.calls) == 3


def test_a_failing_embedder_costs_no_answer(start, upstream, service):
    service.form = "failing"
    gateway = start(embedded(upstream))
    reply = gateway.chat(RESET)
    assert outcome(reply) == "miss" and semantic(gateway, reply) == "failed"
    until(
        lambda: gateway.metric(
            "sluice_attempt_failures_total", model="vectors", reason="serverError"
        )
        == 1,
        "the failure of an attempt",
    )


def test_a_vector_of_another_length_is_a_failure(start, upstream, service):
    gateway = start(embedded(upstream))
    gateway.chat(RESET)
    kept(gateway, 1)
    service.vectors[SAME] = [1.0, 0.0]
    reply = gateway.chat(SAME)
    assert outcome(reply) == "miss" and semantic(gateway, reply) == "failed"


def test_what_a_budget_does_not_cover_is_not_embedded(start, upstream, service):
    gateway = start(embedded(upstream, budgets={
        "one": {"per": "request", "limit": "$0.50", "on_exceed": ["clamp"]},
    }, models={
        "small": MODELS["small"],
        "vectors": {
            **MODELS["small"], "serves": ["embeddings"],
            "price": {"input": "$100000/M", "output": "$0/M"},
        },
    }))
    reply = gateway.chat(RESET)
    assert outcome(reply) == "miss" and semantic(gateway, reply) == "failed"
    assert service.calls == []


def test_questions_survive_a_restart(start, upstream, service):
    gateway = start(embedded(upstream))
    gateway.chat(RESET)
    kept(gateway, 1)
    gateway.stop()
    again = start(bundle=gateway.bundle)
    assert outcome(again.chat(SAME)) == "semantic"
