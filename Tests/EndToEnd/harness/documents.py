"""The YAML of the repository, read by a stock reader with the core schema of YAML 1.2."""

import re

import yaml

from harness.gateway import ROOT


class CoreLoader(yaml.SafeLoader):
    """PyYAML without what YAML 1.1 has beyond 1.2: dates, `yes`, `1:30`, octal."""


CoreLoader.yaml_implicit_resolvers = {}
for tag, pattern, first in [
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?", "-+.0123456789"),
]:
    CoreLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), list(first)
    )


def load(text):
    return yaml.load(text, CoreLoader)


def policies():
    """Every file of the bundles that come with Sluice."""
    return sorted((ROOT / "policies").rglob("*.yaml"))


def blocks():
    """The blocks of the documentation that are right and whole: name, text."""
    pages = [ROOT / "README.md", *sorted((ROOT / "Docs").rglob("*.md"))]
    for page in pages:
        text = page.read_text()
        for match in re.finditer(r"^```yaml([^\n]*)\n(.*?)^```$", text, re.M | re.S):
            if "SL" not in match[1]:
                line = text[: match.start()].count("\n") + 1
                yield f"{page.relative_to(ROOT)}:{line}", match[2]


def everything():
    """A policy that uses every key of the language, as the unit tests have it."""
    source = (ROOT / "Tests/SluiceLanguageTests/Bind/MutationTests.swift").read_text()
    text = re.search(r'static let everything = """\n(.*?)\n    """', source, re.S)[1]
    return "".join(line[4:] + "\n" for line in text.split("\n")).replace("\\\\", "\\")
