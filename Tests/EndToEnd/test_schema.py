"""`sluice schema`: a stock validator takes every policy that is right, and no misspelt key."""

import copy
import json

import jsonschema
import pytest

from harness.documents import blocks, everything, load, policies
from harness.gateway import ROOT, run


@pytest.fixture(scope="module")
def schema():
    schema = json.loads(run("schema").stdout)
    jsonschema.Draft7Validator.check_schema(schema)
    return schema


@pytest.fixture(scope="module")
def validator(schema):
    return jsonschema.Draft7Validator(schema)


def complaints(validator, document):
    return [f"{list(error.absolute_path)}: {error.message}" for error in validator.iter_errors(document)]


def test_the_policies_are_valid(validator):
    assert len(policies()) >= 4
    for file in policies():
        assert complaints(validator, load(file.read_text())) == [], file


def test_every_right_block_of_the_documentation_is_valid(validator):
    kinds = set(validator.schema["definitions"])
    seen = 0
    for name, text in blocks():
        document = load(text)
        # Fragments, and kinds of file that are not read yet, are no matter of the schema.
        if not isinstance(document, dict) or next(iter(document)) not in kinds:
            continue
        seen += 1
        assert complaints(validator, document) == [], name
    assert seen > 5


def resolved(schema, part):
    while True:
        if "$ref" in part:
            part = schema["definitions"][part["$ref"].rsplit("/", 1)[1]]
        elif len(part.get("allOf", [])) == 1:
            part = part["allOf"][0]
        else:
            return part


def fixed_maps(schema, part, value, path=()):
    """The maps of a document whose keys the language fixes: where they stand, and their schema."""
    part = resolved(schema, part)
    for choice in part.get("anyOf", []):
        yield from fixed_maps(schema, choice, value, path)
    if isinstance(value, dict):
        if "properties" in part:
            yield path, part
        for key, inner in value.items():
            below = part.get("properties", {}).get(key, part.get("additionalProperties"))
            if isinstance(below, dict):
                yield from fixed_maps(schema, below, inner, (*path, key))
    if isinstance(value, list) and "items" in part:
        for index, inner in enumerate(value):
            yield from fixed_maps(schema, part["items"], inner, (*path, index))


def at(document, path):
    for step in path:
        document = document[step]
    return document


def test_every_key_is_known_and_refused_when_it_is_misspelt():
    schema = json.loads(run("schema", "policy").stdout)
    validator = jsonschema.Draft7Validator(schema)
    document = load(everything())
    assert complaints(validator, document) == []
    seen = set()
    for path, part in fixed_maps(schema, schema["definitions"]["sluice"], document):
        for key in at(document, path):
            assert key in part["properties"], (path, key)
            assert part["properties"][key]["description"]
            seen.add((id(part), key))
            wrong = copy.deepcopy(document)
            place = at(wrong, path)
            place[f"{key}x"] = place.pop(key)
            assert complaints(validator, wrong), (path, key)
    known = {
        (id(part), key) for part in schema["definitions"].values() for key in part["properties"]
    }
    assert seen == known


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("ttl: 6h", "ttl: 6"), ("ttl: 6h", "ttl: 6 hours"), ("rate: 100/m", "rate: 100"),
        ("limit: $2", "limit: 2"), ("context: 16k", "context: many"), ("max_body: 10MiB", "max_body: 10"),
        ("input: $0.50/M", "input: $0.50"), ("warn_at: 80%", "warn_at: most"),
        ("scope: product", "scope: all"), ("per: day", "per: days"), ("api: openai", "api: open"),
        ("secret: env:KEY", "secret: sk-123"), ("store_fallbacks: true", "store_fallbacks: perhaps"),
        ("{ fast: 95%, slow: 5% }", "{ fast: 95, slow: 5 }"), ("latency: 300ms", "latency: 300"),
    ],
)
def test_units_words_and_types_are_checked(validator, right, wrong):
    assert right in everything()
    assert complaints(validator, load(everything().replace(right, wrong)))


def test_a_file_is_told_by_its_first_key(validator):
    prices = {"sluice-prices": "v1", "models": {"small": {"input": "$1/M", "output": "$2/M"}}}
    assert complaints(validator, prices) == []
    assert complaints(validator, {**prices, "routes": []})
    assert complaints(validator, {"models": {}})


def test_the_readme_names_the_line_for_the_language_server():
    assert "# yaml-language-server: $schema=" in (ROOT / "README.md").read_text()
