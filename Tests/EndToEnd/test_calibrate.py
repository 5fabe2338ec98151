"""`sluice calibrate`: from labelled pairs to evidence, to a policy with its bar."""

import json

from harness.gateway import run

POLICY = """sluice: v1
upstreams:
  sim: { api: simulated }
models:
  small: { upstream: sim, context: 16k, max_output: 4k, price: free }
targets:
  fast: [small]
routes:
  - { name: rest, to: fast }
products:
  support:
    cache: { scope: product, ttl: 6h, semantic: { max_wrong: 1% } }
"""

VERBS = """reset change update delete cancel renew track return pay find print share move copy export
import rename verify upload download""".split()
NOUNS = """password order invoice address account subscription parcel profile card contract ticket photo
report calendar contact document voucher playlist device booking""".split()


def pairs():
    """Two ways to ask for one thing, and questions for two things."""
    asked = [(verb, noun) for verb in VERBS for noun in NOUNS]
    for index, (verb, noun) in enumerate(asked):
        question = f"How do I {verb} my {noun}?"
        yield {"a": question, "b": f"how can I {verb} my {noun}", "same": True}
        other, thing = asked[(index + 61) % len(asked)]
        yield {"a": question, "b": f"How do I {other} my {thing}?", "same": False}


def write(path, lines):
    path.write_text("".join(json.dumps({"product": "support", **line}) + "\n" for line in lines))
    return path


def test_pairs_become_evidence_lint_falls_silent_and_the_policy_has_its_bar(tmp_path):
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "policy.yaml").write_text(POLICY)
    before = run("lint", bundle, "--format", "short")
    assert "SL0321" in before.stdout
    assert "from a score of 0.95" in run("graph", bundle).stdout

    judged = write(tmp_path / "pairs.jsonl", pairs())
    evidence = bundle / "evidence.yaml"
    done = run("calibrate", "--pairs", judged, bundle, "--output", evidence, "--format", "json")
    assert done.returncode == 0, done.stderr
    (product,) = json.loads(done.stdout)["products"]
    assert product["judged"] == 800 and product["max_wrong"] == 0.01
    picked = next(point for point in product["points"] if point["bar"] == product["bar"])
    assert picked["accepted"] >= 299 and picked["bound"] <= 0.01
    assert product["bar"] != 0.95

    after = run("lint", bundle, "--format", "short", "--fail-level", "note")
    assert after.returncode == 0 and after.stdout == ""
    assert f"from a score of {product['bar']:.2f}" in run("graph", bundle).stdout


def test_a_file_that_claims_what_it_has_not_counted_is_found(tmp_path):
    (tmp_path / "policy.yaml").write_text(POLICY)
    evidence = tmp_path / "evidence.yaml"
    judged = write(tmp_path / "pairs.jsonl", pairs())
    assert run("calibrate", "--pairs", judged, "--output", evidence).returncode == 0
    text = evidence.read_text()
    last = text.splitlines()[-1]
    evidence.write_text(text.replace(last, "      - { bar: 0.5, accepted: 3, wrong: 0 }"))
    done = run("lint", tmp_path, "--format", "short")
    assert done.returncode == 1 and "SL0326" in done.stdout


def test_too_few_pairs_are_refused_in_words(tmp_path):
    judged = write(tmp_path / "pairs.jsonl", list(pairs())[:240])
    evidence = tmp_path / "evidence.yaml"
    done = run("calibrate", "--pairs", judged, "--output", evidence)
    assert done.returncode == 1
    assert (
        "a bound of 1% needs 299 accepted pairs with none wrong, 473 with 1, 628 with 2" in done.stderr
    )
    assert not evidence.exists()
    assert run("calibrate").returncode == 2
