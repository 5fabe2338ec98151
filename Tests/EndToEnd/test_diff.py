"""`sluice diff` from the command line: what it prints is run again through a shell."""

import json
import os
import pathlib
import subprocess

from harness.gateway import ROOT, SLUICE, run

POLICY = """\
sluice: v1
identity:
  anonymous: { tier: free }
upstreams:
  sim: { api: simulated }
models:
  small: { upstream: sim, context: 8k, max_output: 1k, price: { input: $1/M, output: $2/M } }
  large: { upstream: sim, context: 8k, max_output: 1k, price: { input: $5/M, output: $9/M } }
tiers:
  free: { models: [small] }
  premium: {}
targets:
  fast: [small]
  best: [large, small]
routes:
  - name: paying
    when: user.tier == "premium" && !request.stream
    to: best
  - name: rest
    to: fast
budgets:
  day: { per: day, limit: $10 }
"""


def bundles(folder, new):
    for name, text in (("old", POLICY), ("new", new)):
        (folder / name).mkdir()
        (folder / name / "policy.yaml").write_text(text)
    return folder / "old", folder / "new"


def shell(command, folder):
    """Runs a printed line with the built binary in the path."""
    path = f"{pathlib.Path(SLUICE).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", command], cwd=folder, env={**os.environ, "PATH": path},
        capture_output=True, text=True, timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_witness_differs_when_its_line_is_run(tmp_path):
    new = POLICY.replace(" && !request.stream", "").replace("[large, small]", "[small, large]")
    old, new = bundles(tmp_path, new)
    done = run("diff", old, new, "--format", "json", "--exit-code")
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    assert told["verdict"] == "changed" and told["is_whole"] and not told["undecided"]
    routing = [change for change in told["changes"] if change["group"] == "routing"]
    assert {(change["old"]["value"], change["new"]["value"]) for change in routing} == {
        ("route rest to fast: small", "route paying to best: small, large"),
        ("route paying to best: large, small", "route paying to best: small, large"),
    }
    for change in routing:
        command = change["witness"]["command"]
        after = shell(command, tmp_path)
        before = shell(command.replace(str(new), str(old)), tmp_path)
        assert before.splitlines()[-1] != after.splitlines()[-1]
        for side, text in (("old", before), ("new", after)):
            route, target = change[side]["value"].split(":")[0].removeprefix("route ").split(" to ")
            assert f"route {route}, target {target}" in text.splitlines()[-1]


def test_a_bundle_and_a_reworded_copy_are_the_same(tmp_path):
    new = POLICY.replace(
        'user.tier == "premium" && !request.stream',
        "user.tier in ['premium'] && request.stream == false",
    )
    old, new = bundles(tmp_path, "# moved\n" + new)
    done = run("diff", old, new, "--exit-code")
    assert (done.returncode, done.stdout) == (0, "no change: every request is treated alike\n")
    for policy in sorted((ROOT / "policies").iterdir()):
        done = run("diff", policy, policy, "--exit-code")
        assert (done.returncode, done.stdout) == (0, "no change: every request is treated alike\n")


def test_witnesses_are_kept_and_run(tmp_path):
    old, new = bundles(tmp_path, POLICY.replace("day: {", "daily: {"))
    kept = tmp_path / "kept"
    done = run("diff", old, new, "--witness", kept)
    assert done.returncode == 0, done.stderr
    assert "budget day  renamed: day → daily" in done.stdout
    assert "starts from zero under its new name" in done.stdout
    assert json.loads((kept / "1.json").read_text())["model"] == "auto"
    assert "would be answered by" in shell(str(kept / "trace.sh"), tmp_path)


def test_a_broken_bundle_is_not_compared(tmp_path):
    old, new = bundles(tmp_path, POLICY + "nonsense: 1\n")
    done = run("diff", old, new)
    assert done.returncode == 1 and done.stdout == "" and "error[SL0002]" in done.stderr
    assert run("diff", old, tmp_path / "nowhere").returncode == 3
    assert run("diff", old).returncode == 2
