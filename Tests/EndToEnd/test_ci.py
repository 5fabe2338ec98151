"""The examples for CI: the commands of the documentation, run as they stand there."""

import importlib.util
import json
import os
import pathlib
import re
import shutil
import subprocess

import jsonschema
import pytest

from harness.documents import load
from harness.gateway import ROOT, SLUICE, run

WORKFLOW = load((ROOT / "Docs/ci/github-actions.yml").read_text())
HOOKS = load((ROOT / "Docs/ci/pre-commit-config.yaml").read_text())
COMMANDS = {
    step["name"]: step["run"] for step in WORKFLOW["jobs"]["policy"]["steps"] if "run" in step
}
# A stand-in for GitHub's own command: what would be said.
GH = '#!/bin/sh\nprintf "%s\\n" "$@" > said.txt\ncat "$5" >> said.txt\n'


def git(place, *arguments):
    subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments],
        cwd=place, check=True, capture_output=True,
    )


@pytest.fixture
def repository(tmp_path):
    """A repository with a policy, whose base is `origin/main`, and the tools on the PATH."""
    place = tmp_path / "repository"
    shutil.copytree(ROOT / "policies/launch", place / "policies/launch")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "sluice").symlink_to(SLUICE)
    (tools / "gh").write_text(GH)
    (tools / "gh").chmod(0o755)
    git(tmp_path, "init", "-q", "-b", "main", str(place))
    git(place, "add", "-A")
    git(place, "commit", "-qm", "base")
    git(place, "update-ref", "refs/remotes/origin/main", "HEAD")

    def do(command):
        environment = {
            **os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "NO_COLOR": "1",
            "GITHUB_BASE_REF": "main", "PULL_REQUEST": "7",
        }
        # As GitHub runs a step.
        return subprocess.run(
            ["bash", "-e", "-c", command], cwd=place, env=environment, capture_output=True, text=True
        )

    do.place = place
    return do


def exists(command):
    """Whether the binary has every subcommand that a step uses."""
    known = set(re.findall(r"^  (\w+) ", run("--help").stdout, re.M))
    return set(re.findall(r"\bsluice (\w+)", command)) <= known


def test_the_workflow_is_one_that_github_reads():
    # The package is here for the schema alone, so it is not imported.
    package = pathlib.Path(importlib.util.find_spec("check_jsonschema").origin).parent
    schema = json.loads((package / "builtin_schemas/vendor/github-workflows.json").read_text())
    assert [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(WORKFLOW)] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_each_step_passes_on_a_policy_that_is_right(repository, name):
    if not exists(COMMANDS[name]):
        pytest.skip("a command that is not there yet")
    before = list(COMMANDS)[: list(COMMANDS).index(name)]
    if name == "Said in the pull request":
        for earlier in before[-1:]:
            if not exists(COMMANDS[earlier]):
                pytest.skip("a command that is not there yet")
            assert repository(COMMANDS[earlier]).returncode == 0
    done = repository(COMMANDS[name])
    assert done.returncode == 0, done.stdout + done.stderr
    if name == "The same for code scanning":
        assert json.loads((repository.place / "sluice.sarif").read_text())["version"] == "2.1.0"
    if name == "Said in the pull request":
        said = (repository.place / "said.txt").read_text()
        assert said.startswith("pr\ncomment\n7\n--body-file\ncomment.md\n```\n")


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("One form", "to: fast", "to:   fast"),
        ("What is wrong, at its line", "to: fast", "to: fats"),
        ("The same for code scanning", "to: fast", "to: fats"),
    ],
)
def test_a_step_fails_on_a_policy_that_is_wrong(repository, name, old, new):
    file = repository.place / "policies/launch/routes.yaml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))
    done = repository(COMMANDS[name])
    assert done.returncode == 1, done.stdout + done.stderr
    if name == "What is wrong, at its line":
        assert re.search(r"^::error file=policies/launch/routes.yaml,line=\d+", done.stdout, re.M)


def test_the_hooks_mend_and_refuse(repository):
    hooks = {hook["id"]: hook for hook in HOOKS["repos"][0]["hooks"]}
    file = "policies/launch/routes.yaml"
    path = repository.place / file
    right = path.read_text()
    for hook in hooks.values():
        assert re.search(hook["files"], file)
        given = "" if hook.get("pass_filenames") is False else f" {file}"
        assert repository(hook["entry"] + given).returncode == 0
    path.write_text(right.replace("to: fast", "to:   fast"))
    assert repository(f"{hooks['sluice-fmt']['entry']} {file}").returncode == 0
    assert path.read_text() == right
    path.write_text(right.replace("to: fast", "to: fats"))
    assert repository(hooks["sluice-lint"]["entry"]).returncode == 1
