"""Measures what a request costs: CPU time of the process under test, never of its load.

The gateway runs alone on the first CPU; the load and the upstream share the second. nginx, where
it is installed, takes the same load right after, so that a ratio is of one session. Every run is
checked: no error, and as many upstream replies as its kind must have.
"""

import datetime
import os
import pathlib
import platform
import re
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
SLUICE = pathlib.Path(os.environ.get("SLUICE", ROOT / ".build/release/sluice"))
SECONDS = int(os.environ.get("SECONDS_EACH", "3"))
RUNS = int(os.environ.get("RUNS", "3"))
PAIRS = int(os.environ.get("PAIRS", "15"))
CONNECTIONS = 64
CHUNKS, TICK_MICROSECONDS = 200, 4000
TICKS = os.sysconf("SC_CLK_TCK")
CHAT = "/v1/chat/completions"


def free_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return "127.0.0.1:%d" % probe.getsockname()[1]


def wait_for(address, process, log):
    host, port = address.split(":")
    for _ in range(100):
        if process.poll() is not None:
            sys.exit(f"bench: a process ended at its start:\n{log.read_text()[-2000:]}")
        try:
            socket.create_connection((host, int(port)), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"bench: nobody answers at {address}")


class Process:
    """A process pinned to one CPU, whose CPU time and memory can be read."""

    def __init__(self, command, cpu, address, folder, name, environment=None):
        self.log = folder / f"{name}.err"
        self.output = folder / f"{name}.log"
        self.popen = subprocess.Popen(
            ["taskset", "-c", str(cpu), *map(str, command)],
            stdout=self.output.open("wb"),
            stderr=self.log.open("wb"),
            env=os.environ | (environment or {}),
        )
        wait_for(address, self.popen, self.log)

    def pids(self):
        """The process and its children: nginx does its work in one."""
        pid = self.popen.pid
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *map(int, children)]

    def cpu_seconds(self):
        total = 0
        for pid in self.pids():
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9

    def split(self):
        """User and system seconds, in ticks of the kernel's clock."""
        user = system = 0
        for pid in self.pids():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            user += int(fields[11])
            system += int(fields[12])
        return user / TICKS, system / TICKS

    def resident(self):
        """Megabytes that the process holds, shared pages included."""
        total = 0
        for pid in self.pids():
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
            total += int(re.search(r"VmRSS:\s+(\d+)", status)[1])
        return total / 1024

    def stop(self):
        self.popen.send_signal(signal.SIGTERM)
        try:
            self.popen.wait(10)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()


class Bench:
    def __init__(self, folder):
        self.folder = folder
        # More than one CPU is needed for figures that mean something.
        self.load_cpu = 1 if os.cpu_count() > 1 else 0
        self.upstream_address = free_address()
        self.upstream = Process(
            [folder / "upstream", self.upstream_address.split(":")[1], CHUNKS, TICK_MICROSECONDS],
            self.load_cpu, self.upstream_address, folder, "upstream",
        )
        self.running = [self.upstream]

    def counts(self):
        text = urllib.request.urlopen(f"http://{self.upstream_address}/counts").read().decode()
        return [int(number) for number in re.findall(r"\d+", text)]

    def gateway(self, policy):
        address, admin = free_address(), free_address()
        state = self.folder / f"state-{policy}"
        process = Process(
            [SLUICE, "serve", HERE / "policies" / policy, "--listen", address, "--admin", admin,
             "--state", state, "--loops", "1"],
            0, address, self.folder, f"sluice-{policy}",
            {"BENCH_UPSTREAM": f"http://{self.upstream_address}/v1"},
        )
        self.running.append(process)
        return process, address

    def nginx(self):
        binary = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        if binary is None:
            return None, None
        address = free_address()
        text = (HERE / "nginx/nginx.conf").read_text()
        for name, value in {
            "FOLDER": str(self.folder), "UPSTREAM": self.upstream_address, "PLAIN": address,
        }.items():
            text = text.replace(f"@{name}@", value)
        # As root the workers would be another user, who may not write here.
        if os.geteuid() == 0:
            text = "user root;\n" + text
        configuration = self.folder / "nginx.conf"
        configuration.write_text(text)
        process = Process([binary, "-c", configuration], 0, address, self.folder, "nginx")
        self.running.append(process)
        return process, address

    def load(self, address, path, script, seconds, connections=CONNECTIONS):
        command = ["taskset", "-c", str(self.load_cpu), "wrk", "-t1", f"-c{connections}",
                   f"-d{seconds}s", "--latency"]
        if script:
            command += ["-s", str(HERE / "load" / f"{script}.lua")]
        ended = subprocess.run(
            [*command, f"http://{address}{path}"], capture_output=True, text=True
        )
        if ended.returncode:
            sys.exit(f"bench: wrk ended with {ended.returncode}: {ended.stdout}{ended.stderr}")
        text = ended.stdout
        requests = int(re.search(r"(\d+) requests in", text)[1])
        refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
        broken = re.search(r"Socket errors: .*", text)
        median = re.search(r"50%\s+([\d.]+)(us|ms|s)", text)
        scale = {"us": 1, "ms": 1e3, "s": 1e6}[median[2]]
        return requests, int(refused[1]) if refused else 0, broken, float(median[1]) * scale

    def measure(self, process, address, path, script, kind):
        """Microseconds of CPU a unit, the share spent in the program itself, and units a second."""
        costs, shares, rates = [], [], []
        self.load(address, path, script, 1)
        for _ in range(RUNS):
            replies, chunks = self.counts()
            user, system = process.split()
            spent = process.cpu_seconds()
            begun = time.monotonic()
            requests, refused, broken, _ = self.load(address, path, script, SECONDS)
            lasted = time.monotonic() - begun
            spent = process.cpu_seconds() - spent
            user, system = (end - start for start, end in zip((user, system), process.split()))
            replies, chunks = (end - start for start, end in zip((replies, chunks), self.counts()))
            self.check(kind, requests, refused, broken, replies)
            units = chunks if kind == "stream" else requests
            costs.append(spent / units * 1e6)
            shares.append(user / (user + system))
            rates.append(units / lasted)
        middle = statistics.median(costs)
        return middle, middle * statistics.median(shares), statistics.median(rates)

    def check(self, kind, requests, refused, broken, replies):
        if broken:
            sys.exit(f"bench: {kind}: {broken[0]}")
        if kind == "refusal":
            wrong = refused != requests or replies
        elif kind in ("hit", "list"):
            wrong = refused or replies
        elif kind == "stream":
            wrong = refused
        else:
            # Those that were asked for when the load ended were answered but not counted.
            wrong = refused or abs(replies - requests) > 2 * CONNECTIONS
        if wrong:
            sys.exit(f"bench: {kind}: {requests} requests, {refused} refused, {replies} upstream")

    def idle(self, process, address, count):
        """Megabytes with `count` connections that have asked for nothing yet."""
        host, port = address.split(":")
        held = [socket.create_connection((host, int(port))) for _ in range(count)]
        time.sleep(1)
        resident = process.resident()
        for connection in held:
            connection.close()
        time.sleep(0.5)
        return resident

    def stop(self):
        for process in reversed(self.running):
            process.stop()


def ratio(ours, peer):
    return "—" if peer is None else f"{ours / peer:.2f}"


def table(heads, rows):
    widths = [max(len(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
    def line(cells):
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths)) + " |"
    return "\n".join([line(heads), line(["-" * width for width in widths]), *map(line, rows)])


def machine():
    model = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return f"{model[1] if model else platform.machine()}, {os.cpu_count()} CPUs, Linux {platform.release()}"


def money(bench):
    """What budgets add to a request: the same load on policies that differ in them alone, in turns.

    Differences are of neighbours in time, so that what else the machine does meets both.
    """
    policies = ["unbudgeted", "budgeted", "counted"]
    gateways = {name: bench.gateway(name) for name in policies}
    costs = {name: [] for name in policies}
    for name, (process, address) in gateways.items():
        bench.load(address, CHAT, "unique", 1)
    for _ in range(PAIRS):
        for name, (process, address) in gateways.items():
            replies, _ = bench.counts()
            spent = process.cpu_seconds()
            requests, refused, broken, _ = bench.load(address, CHAT, "unique", 1)
            spent = process.cpu_seconds() - spent
            bench.check("miss", requests, refused, broken, bench.counts()[0] - replies)
            costs[name].append(spent / requests * 1e6)
    for process, _ in gateways.values():
        process.stop()
    names = {
        "unbudgeted": "no budget: what settled is recorded",
        "budgeted": "four budgets, input bounded by bytes",
        "counted": "four budgets, input counted exactly",
    }
    rows = []
    for name in policies:
        added = sorted(cost - base for cost, base in zip(costs[name], costs["unbudgeted"]))
        quarter = len(added) // 4
        rows.append([
            names[name], f"{statistics.median(costs[name]):.1f}",
            "—" if name == "unbudgeted" else f"{statistics.median(added):+.1f}",
            "—" if name == "unbudgeted" else f"{added[quarter]:+.1f} to {added[-1 - quarter]:+.1f}",
        ])
    print(table(["a miss with", "CPU µs", "added, median of pairs", "middle half"], rows))


def run(bench):
    gateway, address = bench.gateway("traffic")
    idle_megabytes = gateway.resident()
    before = gateway.cpu_seconds()
    time.sleep(3)
    idle_cpu = (gateway.cpu_seconds() - before) / 3 * 100
    memory = [idle_megabytes] + [bench.idle(gateway, address, count) for count in (1000, 10000)]

    ours = {
        "hit": bench.measure(gateway, address, CHAT, "same", "hit"),
        "miss": bench.measure(gateway, address, CHAT, "unique", "miss"),
        "stream": bench.measure(gateway, address, CHAT, "stream", "stream"),
        "list": bench.measure(gateway, address, "/v1/models", None, "list"),
    }
    alone = [
        bench.load(target, CHAT, script, SECONDS, connections=1)[3]
        for target, script in ((bench.upstream_address, "unique"), (address, "unique"), (address, "same"))
    ]
    gateway.stop()
    refusing, refusing_address = bench.gateway("refusing")
    ours["refusal"] = bench.measure(refusing, refusing_address, CHAT, "same", "refusal")
    refusing.stop()

    theirs = {}
    nginx, nginx_address = bench.nginx()
    if nginx:
        paths = {
            "hit": ("/cached" + CHAT, "same"), "miss": (CHAT, "unique"),
            "stream": ("/streams" + CHAT, "stream"),
        }
        for kind, (path, script) in paths.items():
            theirs[kind] = bench.measure(nginx, nginx_address, path, script, kind)[0]
        nginx.stop()

    names = {
        "hit": "cache hit, one body repeated", "miss": "miss, passed to the upstream",
        "stream": "streamed chunk", "list": "list of models", "refusal": "refused by a limit",
    }
    costs = [
        [names[kind], f"{cost:.1f}", f"{user:.1f}", f"{rate:,.0f}",
         f"{theirs[kind]:.1f}" if kind in theirs else "—", ratio(cost, theirs.get(kind))]
        for kind, (cost, user, rate) in ours.items()
    ]
    print(f"Load average at the end: {os.getloadavg()[0]:.2f}.\n")
    print(table(["of", "CPU µs", "of it in user mode", "a second", "nginx CPU µs", "× nginx"], costs))
    if not theirs:
        print("\nnginx is not installed: no ratio.")
    print()
    print(table(
        ["of the process", ""],
        [["resident at start", f"{memory[0]:.1f} MB"],
         ["with 1,000 idle connections", f"{memory[1]:.1f} MB"],
         ["with 10,000 idle connections", f"{memory[2]:.1f} MB"],
         ["CPU while idle", f"{idle_cpu:.3f} %"],
         ["median round trip, one connection: upstream alone", f"{alone[0]:.0f} µs"],
         ["the same through the gateway, miss", f"{alone[1]:.0f} µs"],
         ["the same through the gateway, hit", f"{alone[2]:.0f} µs"]],
    ))


def main():
    if not SLUICE.exists():
        sys.exit(f"bench: {SLUICE} is missing; build it first: swift build -c release")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if most < 11000:
        sys.exit(f"bench: 10,000 connections need more than {most} descriptors")
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        folder = pathlib.Path(folder)
        subprocess.run(
            ["cc", "-O2", "-o", folder / "upstream", HERE / "upstream/upstream.c"], check=True
        )
        bench = Bench(folder)
        try:
            now = datetime.datetime.now(datetime.timezone.utc)
            print(f"Measured {now:%Y-%m-%d %H:%M} UTC on {machine()}; {RUNS} runs of {SECONDS} s each.")
            if "money" not in sys.argv:
                run(bench)
                print()
            money(bench)
        finally:
            bench.stop()


if __name__ == "__main__":
    main()
