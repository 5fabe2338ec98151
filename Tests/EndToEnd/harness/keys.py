"""Keys, made and unmade with `sluice keys` as an operator does."""

import re

from harness.gateway import run


class Keys:
    """The keys of one state folder."""

    def __init__(self, state):
        self.state = state

    def add(self, tenant="acme", user="ada", tier="", products=(), **options):
        """Adds a key; returns (id, key)."""
        arguments = ["--tenant", tenant, "--user", user]
        if tier:
            arguments += ["--tier", tier]
        for product in products:
            arguments += ["--product", product]
        for name, value in options.items():
            arguments += [f"--{name}", value]
        return self._made(run("keys", "add", *arguments, "--state", self.state))

    def rotate(self, identifier):
        return self._made(run("keys", "rotate", identifier, "--state", self.state))

    def revoke(self, identifier):
        done = run("keys", "revoke", identifier, "--state", self.state)
        assert done.returncode == 0, done.stderr

    def list(self):
        done = run("keys", "list", "--state", self.state)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _made(self, done):
        assert done.returncode == 0, done.stderr
        key = done.stdout.strip()
        # The key stands alone on standard output, so that scripts can take it.
        assert re.fullmatch(r"sk-sluice-\w{43}", key), done.stdout
        # Of a rotation both are named; the new one last.
        identifier = re.findall(r"key_\w+", done.stderr)[-1]
        return identifier, key
