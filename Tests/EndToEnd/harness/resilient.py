"""Policies about upstreams that fail: short deadlines, one or two candidates, what a test names."""

from harness.bundle import policy

# Short, but not so short that an upstream on a busy machine meets them by chance.
TIMEOUT = {"connect": "1s", "first_byte": "1s", "idle": "1s", "total": "10s"}
RETRY = {"attempts": 3, "base": "10ms", "jitter": "full", "budget": "100%"}
OFF = {"breaker": "none", "retry": "none"}


def entry(upstream, **settings):
    return {"api": "openai", "url": upstream.url, "timeout": TIMEOUT, **OFF, **settings}


def one(upstream, settings=None, **sections):
    """One upstream; `settings` are those of its entry."""
    return policy(upstream, upstreams={"main": entry(upstream, **(settings or {}))}, **sections)


def two(first, second, settings=None, other=None, **sections):
    """A target with a candidate at each of two upstreams, `small` and `spare`."""
    upstreams = {
        "main": entry(first, **(settings or {})), "other": entry(second, **(other or {}))
    }
    made = policy(first, upstreams=upstreams, targets={"fast": ["small", "spare"]}, **sections)
    made["models"]["spare"] = dict(made["models"]["small"], upstream="other", id="spare")
    del made["models"]["large"]
    return made
