"""Policies for tests: a small one that serves, section by section replaceable."""

import copy
import os
import pathlib
import shutil

import yaml

MODELS = {
    "small": {
        "upstream": "main",
        "id": "vendor-small",
        "context": 16385,
        "max_output": 4096,
        "price": {"input": "$1/M", "output": "$2/M"},
    },
    "large": {
        "upstream": "main",
        "id": "vendor-large",
        "context": 128000,
        "max_output": 4096,
        "price": {"input": "$10/M", "output": "$30/M"},
    },
}

EXPOSE = ["cache", "generation", "route", "model", "cost", "age"]


def policy(upstream, **sections):
    """A policy whose models are at `upstream`; `sections` replace those of the same name.

    Each failure of the upstream is seen: nothing is tried again, and no breaker opens. A section
    that is `None` is left out.
    """
    base = {
        "sluice": "v1",
        "server": {"timeout": {"drain": "5s"}, "expose": EXPOSE},
        "identity": {"anonymous": {"tier": "free", "products": ["assistant"]}},
        "upstreams": {
            "main": {
                "api": "openai", "url": upstream.url, "secret": "env:UPSTREAM_KEY",
                "breaker": "none", "retry": "none",
            }
        },
        "models": copy.deepcopy(MODELS),
        "tiers": {"free": {}, "premium": {}},
        "targets": {"fast": ["small"], "powerful": ["large", "small"]},
        "routes": [
            {"name": "asked", "when": 'request.model != "auto"', "to": "requested"},
            {"name": "rest", "to": "fast"},
        ],
        "products": {"assistant": {}},
    }
    base.update(sections)
    return {name: section for name, section in base.items() if section is not None}


def text_of(sections):
    return yaml.safe_dump(sections, sort_keys=False, width=1000)


class Bundle:
    """A folder of policy files, changed in the ways in which folders are."""

    def __init__(self, folder, sections=None):
        self.path = pathlib.Path(folder)
        self.path.mkdir(parents=True, exist_ok=True)
        if sections is not None:
            self.write(sections)

    @property
    def file(self):
        return self.path / "policy.yaml"

    def write(self, sections):
        """Writes in place, as `echo >` does."""
        text = sections if isinstance(sections, str) else text_of(sections)
        self.file.write_text(text)

    def save(self, sections):
        """Writes beside the file and renames, as editors do."""
        text = sections if isinstance(sections, str) else text_of(sections)
        fresh = self.path / ".policy.yaml.swp"
        fresh.write_text(text)
        os.replace(fresh, self.file)


class ConfigMapBundle:
    """A folder as Kubernetes mounts a ConfigMap: `..data` points to the version, swapped at once."""

    def __init__(self, folder, sections):
        self.path = pathlib.Path(folder)
        self.path.mkdir(parents=True)
        self._number = 0
        self.swap(sections)
        (self.path / "policy.yaml").symlink_to("..data/policy.yaml")

    def swap(self, sections):
        self._number += 1
        name = f"..2026_11_24_08_00_00.{self._number}"
        version = self.path / name
        version.mkdir()
        (version / "policy.yaml").write_text(text_of(sections))
        data = self.path / "..data"
        old = data.readlink() if data.is_symlink() else None
        fresh = self.path / "..data_tmp"
        fresh.symlink_to(name)
        os.replace(fresh, data)
        if old:
            shutil.rmtree(self.path / old)
