"""Waiting for what can be observed, with a deadline; nothing here waits for time to pass."""

import time

# Between two looks; short against everything that is waited for.
POLL = 0.01


def until(condition, what, within=10.0):
    """Returns the first true value of `condition`; fails after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s: {what}")
        time.sleep(POLL)
