"""`prompt.tokens` is what `cl100k_base` counts, to the token."""

import base64
import json

import pytest

from harness.bundle import policy
from harness.gateway import ROOT

FIXTURE = ROOT / "Tests/SluiceSemanticsTests/Fixtures/texts.jsonl"
# For each message, and for the reply that begins.
FRAME = 3


def texts():
    """Texts with the counts that `tiktoken` gave them; those that JSON can carry."""
    for line in FIXTURE.read_text().splitlines():
        record = json.loads(line)
        try:
            yield base64.b64decode(record["bytes"]).decode(), len(record["cl100k"])
        except UnicodeDecodeError:
            continue


TEXTS = list(texts())


def by_count(upstream, count):
    return policy(
        upstream,
        routes=[
            {"name": "fewer", "when": f"prompt.tokens < {count}", "to": "fast"},
            {"name": "equal", "when": f"prompt.tokens == {count}", "to": "fast"},
            {"name": "more", "to": "fast"},
        ],
    )


def chosen(gateway, text):
    return gateway.chat(text).headers["x-sluice-route"]


@pytest.mark.parametrize("text, count", TEXTS[:6])
def test_a_text_counts_as_tiktoken_counts_it(start, upstream, text, count):
    gateway = start(by_count(upstream, count + 2 * FRAME))
    assert chosen(gateway, text) == "equal"
    # Asked again, it is remembered.
    assert chosen(gateway, text) == "equal"
    assert chosen(gateway, "Hi") == "fewer"
    assert chosen(gateway, text + " and more, and more") == "more"


def test_the_boundary_of_200_tokens_is_exact(start, upstream):
    gateway = start(
        policy(
            upstream,
            routes=[
                {"name": "simple", "when": "prompt.tokens < 200", "to": "fast"},
                {"name": "rest", "to": "fast"},
            ],
        )
    )
    # " a" is one token, wherever it stands.
    assert chosen(gateway, " a" * (199 - 2 * FRAME)) == "simple"
    assert chosen(gateway, " a" * (200 - 2 * FRAME)) == "rest"


def test_all_messages_count(start, upstream):
    gateway = start(by_count(upstream, 3 * 5 + 3 * FRAME + FRAME))
    messages = [{"role": role, "content": " a" * 5} for role in ("system", "assistant", "user")]
    assert gateway.chat(messages=messages).headers["x-sluice-route"] == "equal"
    assert gateway.chat(messages=messages[1:]).headers["x-sluice-route"] == "fewer"
