"""`sluice fmt`: what it writes, what it leaves alone, and what it says to CI."""

import os
import shutil
import subprocess

import yaml

from harness.gateway import ROOT, SLUICE, run

UNFORMATTED = """sluice:   v1   # the kind
targets:
    fast:   [small,other]   # quick
    # at the end


routes:
- {name: "rest", to: fast}
"""
FORMATTED = """sluice: v1  # the kind
targets:
  fast: [small, other]  # quick
  # at the end

routes:
  - { name: 'rest', to: fast }
"""


def test_a_file_is_rewritten_once_and_keeps_its_mode(tmp_path):
    file = tmp_path / "policy.yaml"
    file.write_text(UNFORMATTED)
    file.chmod(0o640)
    link = tmp_path / "linked.yaml"
    link.symlink_to("policy.yaml")
    assert run("fmt", tmp_path).returncode == 0
    assert file.read_text() == FORMATTED and file.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink() and sorted(os.listdir(tmp_path)) == ["linked.yaml", "policy.yaml"]
    before = file.stat().st_mtime_ns
    assert run("fmt", tmp_path).returncode == 0
    assert file.stat().st_mtime_ns == before


def test_check_lists_what_is_not_formatted_and_writes_nothing(tmp_path):
    (tmp_path / "a.yaml").write_text(UNFORMATTED)
    (tmp_path / "b.yaml").write_text(FORMATTED)
    done = run("fmt", tmp_path, "--check")
    assert done.returncode == 1 and done.stdout == f"{tmp_path}/a.yaml\n"
    assert "-sluice:   v1   # the kind\n+sluice: v1  # the kind\n" in done.stderr
    assert (tmp_path / "a.yaml").read_text() == UNFORMATTED
    assert run("fmt", tmp_path / "b.yaml", "--check").returncode == 0


def test_a_mistake_of_yaml_is_told_and_the_file_left_alone(tmp_path):
    file = tmp_path / "policy.yaml"
    file.write_text("a: [b\nc:   1\n")
    done = run("fmt", file)
    assert done.returncode == 1 and "SL0006" in done.stderr
    assert file.read_text() == "a: [b\nc:   1\n"
    assert run("fmt", tmp_path / "nothing.yaml").returncode in {2, 3}


def test_standard_input_is_formatted_to_standard_output():
    done = subprocess.run([SLUICE, "fmt", "-"], input=UNFORMATTED, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, FORMATTED)


def test_another_reader_of_yaml_sees_the_same_before_and_after(tmp_path):
    for file in sorted((ROOT / "policies").rglob("*.yaml")):
        copy = tmp_path / file.name
        # Wide, then narrow: every flow collection is broken and every block re-indented.
        copy.write_text(file.read_text().replace(": ", ":    ").replace("\n  ", "\n     "))
        if yaml.safe_load(copy.read_text()) is None:
            continue
        before = yaml.safe_load(copy.read_text())
        assert run("fmt", copy).returncode == 0
        assert yaml.safe_load(copy.read_text()) == before
        shutil.rmtree(copy, ignore_errors=True)


def test_the_policies_of_this_repository_are_formatted():
    assert run("fmt", ROOT / "policies", "--check").returncode == 0
