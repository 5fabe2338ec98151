"""Load over 64 connections, with reloads: no error, and neither memory nor descriptors grow.

Ten seconds in every run; a minute, against the release build, under `make soak`.
"""

import statistics
import time

import pytest

from harness.bundle import EXPOSE
from harness.load import load
from harness.waiting import until

# How much the end may lie above the middle. Resident memory breathes with what is in flight, and
# the cache fills with every rare prompt (about 2 kB each): what the cache says it holds is taken
# off, and 16 MiB and a tenth are left for the allocator. Descriptors are those of 64 connections
# and their upstream's; a few come and go.
MEMORY = 16 << 20
MEMORY_SHARE = 0.10
DESCRIPTORS = 16


def sections(number):
    return {
        "sluice": "v1",
        "server": {"expose": EXPOSE},
        "identity": {"anonymous": {"tier": "free", "products": ["assistant"]}},
        "upstreams": {
            "simulator": {"api": "simulated", "latency": "2ms", "output": 20, "seed": 1}
        },
        "models": {
            "small": {"upstream": "simulator", "context": 16385, "max_output": 4096,
                      "price": {"input": "$1/M", "output": "$2/M"}}
        },
        "tiers": {"free": {}},
        "targets": {"fast": ["small"]},
        "routes": [{"name": f"r{number}", "to": "fast"}],
        "products": {"assistant": {"cache": {"scope": "product", "ttl": "30s"}}},
        "limits": {"per-ip": {"key": "client.ip", "rate": "1M/s"},
                   "in-flight": {"key": "client.ip", "concurrent": 1000}},
    }


class Watch:
    """Looks at the process while it serves."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.memory = []
        self.descriptors = []

    def look(self):
        metrics = self.gateway.metrics()

        def value(name):
            return metrics[name, frozenset()]

        self.memory.append(value("process_resident_memory_bytes") - value("sluice_cache_bytes"))
        self.descriptors.append(value("process_open_fds"))


def soak(start, seconds, reload_every, folder):
    gateway = start(sections(0))
    running = load(gateway, seconds, folder)
    watch = Watch(gateway)
    reloads = 0
    began = gateway.metric("sluice_generation")
    last = time.monotonic()
    while running.is_running():
        watch.look()
        if time.monotonic() - last > reload_every:
            last = time.monotonic()
            reloads += 1
            gateway.bundle.save(sections(reloads))
            until(
                lambda: gateway.metric("sluice_generation") == began + reloads, "a reload under load"
            )
    result = running.result()
    print(f"{result.requests} requests in {result.seconds:.0f} s, {result.errors} errors, "
          f"{reloads} reloads, memory {watch.memory[len(watch.memory) // 3] / 2**20:.0f} → "
          f"{watch.memory[-1] / 2**20:.0f} MiB, descriptors {watch.descriptors[-1]:.0f}")
    assert result.errors == 0
    assert result.requests > 100 * seconds
    assert reloads >= 2

    # After a third the caches, pools and the allocator are warm.
    def flat(values, allowed):
        third = len(values) // 3
        middle = statistics.median(values[third : 2 * third])
        end = statistics.median(values[2 * third :])
        assert end - middle <= allowed(middle), f"{middle:.0f} → {end:.0f}: {values}"

    flat(watch.memory, lambda middle: MEMORY + MEMORY_SHARE * middle)
    flat(watch.descriptors, lambda _: DESCRIPTORS)

    # And nothing is left of it.
    until(lambda: gateway.metric("llm_active_requests") == 0, "no active request")
    until(lambda: gateway.metric("sluice_connections_open") <= 1, "no connection of the load")
    until(lambda: gateway.metric("sluice_generations_live") == 1, "one live generation")
    metrics = gateway.metrics()
    errors = sum(
        v for (n, l), v in metrics.items()
        if n == "llm_requests_total" and dict(l)["status"] in ("error", "refused")
    )
    assert errors == 0
    assert gateway.metric("sluice_log_lines_dropped_total") == 0


def test_ten_seconds_of_load_leave_nothing_behind(start, tmp_path):
    soak(start, seconds=10, reload_every=2, folder=tmp_path)


@pytest.mark.soak
@pytest.mark.timeout(180)
def test_a_minute_of_load_leaves_nothing_behind(start, tmp_path):
    soak(start, seconds=60, reload_every=5, folder=tmp_path)
