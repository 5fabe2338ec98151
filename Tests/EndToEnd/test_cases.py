"""`sluice test`: the cases beside the policies, their coverage, and how a failure is told."""

import json
import shutil
import xml.etree.ElementTree as ElementTree

import pytest

from harness.gateway import ROOT, run

POLICIES = ROOT / "policies"
BUNDLES = sorted(path.name for path in POLICIES.iterdir() if path.is_dir())


@pytest.fixture
def changed(tmp_path):
    """quickstart, whose hard questions go where the easy ones do."""
    folder = tmp_path / "quickstart"
    shutil.copytree(POLICIES / "quickstart", folder)
    policy = folder / "policy.yaml"
    policy.write_text(policy.read_text().replace("to: powerful", "to: fast"))
    return folder


@pytest.mark.parametrize("name", BUNDLES)
def test_every_bundle_passes_its_cases(name):
    done = run("test", POLICIES / name, "--coverage", "--threshold", "60%")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "coverage" in done.stdout and " passed; " in done.stdout


def test_a_bundle_that_behaves_otherwise_fails_and_tells_why(changed):
    done = run("test", changed, "--color", "never")
    assert done.returncode == 1
    assert "failed: questions that ask to analyze, compare or evaluate" in done.stdout
    assert "expected model `large`, got `small`" in done.stdout
    assert f"{changed}/tests.yaml:" in done.stdout
    assert f"route hard at {changed}/policy.yaml:" in done.stdout
    assert "\x1b[" in run("test", changed, "--color", "always").stdout


def test_json_and_junit_say_the_same(changed, tmp_path):
    report = tmp_path / "report.xml"
    done = run("test", changed, "--format", "json", "--junit", report, "--coverage")
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    failed = [case for case in answer["cases"] if case["status"] == "failed"]
    assert answer["failed"] == len(failed) >= 1
    first = failed[0]["failures"][0]
    assert (first["expected"], first["got"]) == ("large", "small")
    assert [step["node"] for step in first["trail"]][0] == "identity"
    assert answer["coverage"]["routes"]["all"] == 2
    suite = ElementTree.parse(report).getroot().find("testsuite")
    assert int(suite.get("failures")) == len(failed)
    assert len(suite.findall("testcase")) == len(answer["cases"])


def test_the_exit_code_says_what_is_wrong(changed, tmp_path):
    quickstart = POLICIES / "quickstart"
    assert run("test", quickstart, "--filter", "analyze").returncode == 0
    assert run("test", quickstart, "--filter", "no such case").returncode == 2
    assert run("test", quickstart, "--threshold", "much").returncode == 2
    below = run("test", quickstart, "--threshold", "100%")
    assert below.returncode == 1 and "below 100%" in below.stderr
    assert run("test", tmp_path / "nothing").returncode in (2, 3)
    assert run("test", quickstart / "policy.yaml").returncode == 1
    first = run("test", changed, "--fail-fast", "--color", "never")
    assert "not run" in first.stdout
    cases = changed / "tests.yaml"
    cases.write_text(cases.read_text().replace("cache: exact", "cache: exat"))
    wrong = run("test", changed)
    assert wrong.returncode == 1 and "did you mean `exact`" in wrong.stderr
    # What lint tells of them stops no reload: serving does not read them.
    assert run("lint", changed).returncode == 1
    cases.write_text("sluice-test: v1\ncases: [{ name: it, ask: hi, expect: { exits: { cach: miss } } }]\n")
    unknown = run("test", changed)
    assert unknown.returncode == 1 and "did you mean `cache`" in unknown.stderr
