"""`sluice graph` as a picture, and `sluice trace` for programs."""

import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

from harness.gateway import ROOT, run

BUNDLES = sorted(path.parent.name for path in (ROOT / "policies").glob("*/README.md"))
QUESTION = json.dumps({"model": "auto", "messages": [{"role": "user", "content": "Compare locks."}]})


def graph(name, form):
    done = run("graph", ROOT / "policies" / name, "--format", form)
    assert done.returncode == 0, done.stderr
    return done.stdout


def ways(name):
    """What the text form says: node, exit, destination."""
    node, found = None, set()
    for line in graph(name, "text").split("\n\n", 1)[1].splitlines():
        if way := re.fullmatch(r"  (\S+) +-> (.+)", line):
            found.add((node, way[1], way[2]))
        elif line and not line.startswith(" "):
            node = line.split(": ")[0]
    return found


@pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz is not installed")
@pytest.mark.parametrize("name", BUNDLES)
def test_graphviz_reads_and_draws_every_policy(name):
    text = graph(name, "dot")
    subprocess.run(["dot", "-Tcanon"], input=text, text=True, check=True, capture_output=True)
    svg = ElementTree.fromstring(graph(name, "svg"))
    titles = {element.text for element in svg.iter("{http://www.w3.org/2000/svg}title")}
    assert {f"n{number}" for number in range(len({way[0] for way in ways(name)}))} <= titles


def test_a_missing_graphviz_is_named(tmp_path):
    done = run(
        "graph", ROOT / "policies/quickstart", "--format", "svg", env={"PATH": str(tmp_path)}
    )
    assert done.returncode == 3 and "install the package `graphviz`" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("name", BUNDLES)
def test_mermaid_says_what_the_text_says(name):
    lines = graph(name, "mermaid").splitlines()
    assert lines[0] == "flowchart TB"
    nodes, edges, open_boxes = {}, [], 0
    for line in map(str.strip, lines[1:]):
        if re.fullmatch(r'subgraph b\d+\["[^"]+"\]', line):
            open_boxes += 1
        elif line == "end":
            open_boxes -= 1
        elif node := re.fullmatch(r'(n\d+)\["([^"]*)"\]', line):
            nodes[node[1]] = node[2]
        elif edge := re.fullmatch(r'(n\d+) (?:-->|-\.->)\|"([^"]+)"\| (n\d+)', line):
            edges.append(edge.groups())
        else:
            assert re.fullmatch(
                r"%% \S.*|\w+\(\[\w+\]\) --> n\d+|classDef \w+ [\w:#,]+|class [n\d,]+ c\d+", line
            ), line
        assert open_boxes >= 0
    assert open_boxes == 0
    assert {end for edge in edges for end in (edge[0], edge[2])} <= set(nodes)
    drawn = sum(len(edge[1].split(", ")) for edge in edges)
    ends = sum(
        len(label.split("ends: ")[1].split(", ")) for label in nodes.values() if "ends: " in label
    )
    said = ways(name)
    assert drawn + ends == len(said) and len(nodes) == len({way[0] for way in said})


def test_a_trace_for_programs_says_what_the_one_for_people_says():
    ask = ["trace", ROOT / "policies/launch", "--request", "-",
           "--as", "user=ada,tier=premium,product=support"]
    told = run(*ask, input=QUESTION).stdout
    trace = json.loads(run(*ask, "--json", input=QUESTION).stdout)
    steps = [line.split() for line in told.splitlines() if line and not line.startswith(" ")][:-1]
    assert [step[-1] for step in steps] == [step["exit"] for step in trace["trail"]]
    for step in trace["trail"]:
        assert set(step) == {"node", "kind", "exit", "why", "place"}
        assert step["why"] is None or step["why"] in told
    route = next(step for step in trace["trail"] if step["kind"] == "route")
    line = (ROOT / "policies/launch/routes.yaml").read_text().splitlines()[route["place"]["line"] - 1]
    assert "hard" in line and route["place"]["file"].endswith("routes.yaml")
    assert trace["facts"]["user.tier"] == "premium" and trace["facts"]["features.is_analytical"] is True
    assert trace["outcome"] == {
        "kind": "asked", "route": "hard", "target": "powerful", "model": "gpt-4",
        "upstream": "openai", "cache": "miss",
    }


def test_a_trace_for_programs_tells_a_refusal():
    trace = json.loads(
        run("trace", ROOT / "policies/launch", "--request", "-", "--json", input=QUESTION).stdout
    )
    assert trace["outcome"]["kind"] == "refused" and trace["outcome"]["status"] == 401
    assert trace["outcome"]["route"] is None and trace["trail"][-1]["exit"] == "refused"
