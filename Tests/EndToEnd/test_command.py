"""The command line: exit codes, formats, and what the tools for authors print."""

import json
import pathlib
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.bundle import Bundle, policy
from harness.gateway import ROOT, SLUICE, run

POLICIES = ROOT / "policies"

# Every line that holds a mistake ends with the mark; nothing else does.
MARK = "# ✗"

TWENTY = """\
sluice: v1
server:
  listen: [localhost]                                # ✗
  max_body: 10                                       # ✗
  timeout: { head: 10, body: 1s }                    # ✗
  tiemout: 5s                                        # ✗
identity:
  headers: { trust_from: [10.0.0.1/8] }              # ✗
  anonymous: yes                                     # ✗
upstreams:
  main: { api: opneai, url: "http://x/v1" }          # ✗
  other: { api: openai, url: ftp://x }               # ✗
  third: { api: openai, url: http://x, secret: abc } # ✗
models:
  small: { upstream: mian, context: 1, max_output: 1 } # ✗
  large: { upstream: other, context: 12x, max_output: 1 } # ✗
  large: { upstream: other, context: 9, max_output: 1 } # ✗
tiers:
  free: { models: [smal] }                           # ✗
features:
  code: prompt.text.contians("x")                    # ✗
  long: size(prompt.text) > "a"                      # ✗
targets:
  fast: [small, lrage]                               # ✗
routes:
  - name: simple
    when: budjet > 3                                 # ✗
    to: fast
  - name: simple                                     # ✗
    to: fsat                                         # ✗
products:
  support:
    cache: { scope: usr, ttl: 6x }                   # ✗
limits:
  a: { key: user.id, rate: 100 }                     # ✗
  b: { rate: 1/m, concurrent: 3 }                    # ✗
"""


def test_a_bundle_of_twenty_mistakes_gives_a_finding_at_each_line_in_one_run(tmp_path):
    bundle = Bundle(tmp_path / "bad", TWENTY)
    done = run("lint", bundle.path, "--format", "json")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    errors = [f for f in report["findings"] if f["severity"] == "error"]
    marked = {n for n, line in enumerate(TWENTY.splitlines(), 1) if line.endswith(MARK)}
    assert len(marked) >= 20
    assert {f["place"]["line"] for f in errors} == marked
    assert report["totals"]["errors"] == len(errors) >= 20
    assert all(f["message"] for f in errors)


@pytest.fixture
def good(tmp_path):
    class At:
        url = "http://127.0.0.1:9/v1"

    return Bundle(tmp_path / "good", policy(At))


@pytest.fixture
def warned(tmp_path):
    class At:
        url = "http://127.0.0.1:9/v1"

    features = {"nobody_asks": 'prompt.text == "x"'}
    return Bundle(tmp_path / "warned", policy(At, features=features))


def test_lint_of_a_good_bundle_says_so_and_exits_0(good):
    # Its two tiers are there to be told apart by tests, and its prices to be counted.
    done = run("lint", good.path, "--ignore", "SL0123,SL0418")
    assert done.returncode == 0
    assert "1 file" in done.stdout + done.stderr and "no findings" in done.stdout + done.stderr


def test_warnings_are_printed_and_count_only_when_asked(warned):
    done = run("lint", warned.path, "--format", "short")
    assert done.returncode == 0 and "warning[SL" in done.stdout
    assert run("lint", warned.path, "--fail-level", "warning").returncode == 1


def test_lint_formats(tmp_path):
    bundle = Bundle(tmp_path / "bad", "sluice: v1\nroutes:\n  - { name: a, too: b }\n")
    human = run("lint", bundle.path)
    assert human.returncode == 1
    assert "SL0" in human.stdout and "too" in human.stdout and "^" in human.stdout
    assert "\x1b" not in human.stdout
    assert "\x1b[" in run("lint", bundle.path, "--color", "always").stdout
    short = run("lint", bundle.path, "--format", "short")
    assert re.search(r"policy\.yaml:3:\d+: error\[SL\d{4}\] ", short.stdout)
    assert json.loads(run("lint", bundle.path, "--format", "json").stdout)["version"] == 1


@pytest.mark.parametrize(
    "arguments",
    [["lint"], ["lint", "--format", "xml", "."], ["frobnicate"], ["serve"], ["serve", ".", "--loops", "x"],
     ["trace", "."], ["--no-such-flag"]],
)
def test_a_wrong_command_line_exits_2(arguments):
    done = run(*arguments)
    assert done.returncode == 2, done.stderr
    assert done.stderr


@pytest.mark.parametrize("command", [["schema"], ["explain", "SL0002"], ["eval", "1 + 1"]])
def test_what_standard_output_does_not_take_is_told(command):
    with open("/dev/full", "w") as full:
        done = subprocess.run([SLUICE, *command], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 3
    assert "no space left" in done.stderr


def test_one_broken_file_does_not_hide_what_is_wrong_in_another(tmp_path):
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "a.yaml").write_text("sluice: v1\nroutes: [\n")
    (folder / "b.yaml").write_text("tiers: { free: {} }\n")
    (folder / "c.yaml").write_text("sluice: v1\nlimits:\n  a: { key: client.ipp }\n")
    report = json.loads(run("lint", folder, "--format", "json").stdout)
    found = {(f["place"]["file"][-6:], f["code"]) for f in report["findings"]}
    assert {("a.yaml", "SL0006"), ("b.yaml", "SL0023"), ("c.yaml", "SL0104"), ("c.yaml", "SL0604")} <= found


@pytest.mark.parametrize("command", ["lint", "graph"])
def test_a_missing_path_exits_3_and_is_named(command, tmp_path):
    done = run(command, tmp_path / "nowhere")
    assert done.returncode == 3
    assert "nowhere" in done.stderr


def test_version_and_help():
    version = run("--version")
    assert version.returncode == 0 and re.search(r"\d+\.\d+", version.stdout)
    help = run("--help")
    assert help.returncode == 0
    for command in ("serve", "lint", "diff", "graph", "trace", "explain", "keys"):
        assert command in help.stdout
        assert run(command, "--help").returncode == 0


def test_explain_prints_the_page_of_a_code():
    done = run("explain", "SL0002")
    assert done.returncode == 0 and "SL0002" in done.stdout
    # As it is often typed.
    assert run("explain", "sl0002").stdout == done.stdout
    assert run("explain", "SL9999").returncode != 0


def test_every_code_of_a_finding_can_be_explained(tmp_path):
    bundle = Bundle(tmp_path / "bad", TWENTY)
    report = json.loads(run("lint", bundle.path, "--format", "json").stdout)
    for code in {f["code"] for f in report["findings"]}:
        assert run("explain", code).returncode == 0, code


def test_graph_prints_text_and_dot(good):
    text = run("graph", good.path)
    assert text.returncode == 0
    for word in ("identity", "route", "policy.yaml:"):
        assert word in text.stdout
    dot = run("graph", good.path, "--format", "dot")
    assert dot.stdout.startswith("digraph") and dot.stdout.rstrip().endswith("}")
    assert run("graph", good.path).stdout == text.stdout
    assert run("graph", good.path, "--format", "png").returncode == 2


def test_graph_of_a_bad_bundle_shows_the_findings(tmp_path):
    bundle = Bundle(tmp_path / "bad", TWENTY)
    done = run("graph", bundle.path)
    assert done.returncode == 1 and "SL0" in done.stderr


TRACED = {"model": "auto", "messages": [{"role": "user", "content": "Compare TRACED-MARKER."}]}


def test_trace_tells_each_step_and_the_line_that_decided_it():
    done = run(
        "trace", POLICIES / "launch", "--request", "-",
        "--as", "tenant=acme,user=ada,tier=premium,product=support,ip=192.0.2.7",
        input=json.dumps(TRACED),
    )
    assert done.returncode == 0, done.stderr
    routes = (POLICIES / "launch/routes.yaml").read_text().splitlines()
    line = next(n for n, text in enumerate(routes, 1) if "name: hard" in text)
    assert f"routes.yaml:{line}" in done.stdout
    assert "powerful" in done.stdout and "gpt-4" in done.stdout
    order = [done.stdout.index(word) for word in ("identity", "limit", "route", "cache", "attempt")]
    assert order == sorted(order)


def test_trace_honours_who_asks():
    done = run(
        "trace", POLICIES / "launch", "--request", "-", "--as", "tier=free,user=ada",
        input=json.dumps(TRACED),
    )
    assert done.returncode == 0, done.stderr
    assert "hard" not in re.findall(r"route (\w+) at", done.stdout)


def test_trace_reads_a_file_and_says_what_is_wrong_with_it(good, tmp_path):
    file = tmp_path / "request.json"
    file.write_text(json.dumps(TRACED))
    assert run("trace", good.path, "--request", file).returncode == 0
    assert run("trace", good.path, "--request", tmp_path / "none").returncode == 3
    done = run("trace", good.path, "--request", file, "--as", "colour=red")
    assert done.returncode == 2


def test_keys_are_shown_once_and_listed_without_themselves(keys, state):
    identifier, key = keys.add(tenant="acme", user="ada", tier="premium", products=["a", "b"])
    listed = keys.list()
    for word in (identifier, "acme", "ada", "premium"):
        assert word in listed
    assert key not in listed
    assert key not in (state / "keys.jsonl").read_text()
    missing = run("keys", "revoke", "key_nobody", "--state", state)
    assert missing.returncode == 1 and "key_nobody" in missing.stderr
    assert run("keys", "add", "--state", state).returncode == 2


def test_keys_added_at_once_are_all_kept(keys):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: keys.add(user=f"u{n}")[0], range(16)))
    listed = keys.list()
    assert all(identifier in listed for identifier in made)


def test_shells_complete(tmp_path):
    for shell in ("bash", "zsh", "fish"):
        done = run("--generate-completion-script", shell)
        assert done.returncode == 0 and "sluice" in done.stdout


@pytest.mark.parametrize("folder", sorted(p.name for p in POLICIES.iterdir() if p.is_dir()))
def test_the_policies_of_this_repository_are_without_findings(folder):
    done = run("lint", pathlib.Path("policies") / folder, "--fail-level", "warning", cwd=ROOT)
    assert done.returncode == 0, done.stdout
    assert f"policies/{folder}" in done.stdout + done.stderr


def test_prices_are_imported_into_a_bundle_whose_cost_they_bound(tmp_path):
    table = tmp_path / "table.json"
    table.write_text(
        '{"vendor/big": {"input_cost_per_token": 1e-06, "output_cost_per_token": 2E-6,'
        ' "cache_creation_input_token_cost": 1.25e-06, "litellm_provider": "vendor", "mode": "chat"}}'
    )
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "policy.yaml").write_text(
        "sluice: v1\n"
        "upstreams: { sim: { api: simulated, retry: none } }\n"
        "models: { big: { upstream: sim, context: 1M, max_output: 100k } }\n"
        "targets: { all: [big] }\n"
        "routes: [{ name: rest, to: all }]\n"
        "limits: { all: { rate: 10/h } }\n"
    )
    assert "SL0402" in run("lint", bundle).stdout
    prices = bundle / "prices.yaml"
    done = run("prices", "import", table, "--models", "big=vendor/big", "-o", prices)
    assert (done.returncode, done.stdout) == (0, "")
    assert "writing to the upstream's cache: 1 (vendor/big)" in done.stderr
    assert run("lint", bundle, "--fail-level", "warning").returncode == 0
    cost = json.loads(run("cost", bundle, "--json").stdout)
    assert cost["routes"][0]["request"]["all_tries_dollars"] == "1.10"
    assert cost["all_users"]["day"]["requests"] == 240
    assert cost["all_users"]["day"]["dollars"] == "264.00"
    assert "$264.00" in run("cost", bundle).stdout
    assert run("prices", "import", table, "--models", "small").returncode == 1
    assert run("cost", tmp_path / "nowhere").returncode == 3
