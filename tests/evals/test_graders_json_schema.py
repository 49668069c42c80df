"""Strict JSON and schemas: what counts as valid, and that neither hangs, fetches nor breaks."""

import pytest

from app.core.errors import Invalid
from app.core.strict_json import StrictJsonError, parse
from app.evals.graders import Sample, grade, parse_spec

TICKET = {
    "type": "object",
    "properties": {"team": {"enum": ["billing", "tax"]}, "urgent": {"type": "boolean"}},
    "required": ["team", "urgent"],
    "additionalProperties": False,
}


def check(schema, output):
    return grade(parse_spec({"type": "json_schema", "schema": schema}), {}, Sample(output))


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ('{"team": "billing", "urgent": true}', None),
        (' \n{"team": "tax", "urgent": false}\n', None),
        ('{"team": "sales", "urgent": true}', "$.team"),
        ('{"team": "tax"}', "'urgent' is a required property"),
        ('{"team": "tax", "urgent": true, "note": 1}', "additional properties are not allowed: 'note'"),
        ('```json\n{"team": "tax", "urgent": true}\n```', "line 1, column 1"),
        ('Sure! {"team": "tax", "urgent": true}', "not valid JSON"),
        ('{"team": "tax", "team": "billing", "urgent": true}', "'team' is there twice"),
        ('{"team": "tax", "urgent": true,}', "not valid JSON"),
        ('{"team": "tax", "urgent": NaN}', "NaN is not JSON"),
        ("[" * 100 + "]" * 100, "nested deeper than 64"),
        ("[" * 100_000, "nested deeper than 64"),
    ],
)
def test_outputs(output, words):
    result = check(TICKET, output)
    assert result.passed is (words is None)
    if words:
        assert words in result.reason


@pytest.mark.parametrize("text", ["Infinity", "-Infinity", "1e999", '"\\ud800"', "9" * 500, "", "{}{}", "x" * 400_001])
def test_strict_json_refuses(text):
    with pytest.raises(StrictJsonError):
        parse(text)


@pytest.mark.parametrize(
    ("text", "value"), [('"[[["', "[[["), ('"\\"["', '"['), ("1.5", 1.5), ("null", None), ('"\\ud83d\\ude00"', "😀")]
)
def test_strict_json_accepts(text, value):
    assert parse(text) == value


def test_several_errors_are_listed_but_not_all():
    result = check({"type": "array", "items": {"type": "integer"}}, '["a","b","c","d","e","f","g"]')
    assert [entry["path"] for entry in result.detail["errors"]] == [f"$[{n}]" for n in range(5)]


def test_keys_of_the_output_can_be_stored():
    path = check({"additionalProperties": {"type": "integer"}}, '{"a\\u0000b": "x"}').detail["errors"][0]["path"]
    assert "\x00" not in path


def test_local_references_work():
    schema = {"$defs": {"name": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/name"}}}
    assert check(schema, '{"a": "x"}').passed is True
    assert check(schema, '{"a": 1}').passed is False


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/s.json", "file:///etc/passwd", "other.json"])
def test_references_out_of_the_schema_are_refused(url):
    with pytest.raises(Invalid, match="leads out of the schema"):
        parse_spec({"type": "json_schema", "schema": {"properties": {"a": {"$ref": url}}}})


def test_a_schema_that_refers_to_itself_without_end_is_not_gradable():
    assert check({"$ref": "#"}, "1").passed is None


def test_patterns_are_searched_in_linear_time():
    slow = "a" * 40_000 + "!"
    assert check({"type": "string", "pattern": "^(a+)+$"}, f'"{slow}"').passed is False
    assert check({"patternProperties": {"^(a+)+$": False}, "type": "object"}, f'{{"{slow}": 1}}').passed is True


def test_pattern_properties_count_as_known():
    schema = {
        "properties": {"id": {}},
        "patternProperties": {"^x-": {"type": "integer"}},
        "additionalProperties": {"type": "string"},
    }
    assert check(schema, '{"id": null, "x-a": 1, "note": "ok"}').passed is True
    assert check(schema, '{"x-a": "one"}').passed is False
    assert check(schema, '{"note": 1}').passed is False


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"pattern": "(?=a)b"}, "RE2"),
        ({"patternProperties": {"(": {}}}, "RE2"),
        ({"unevaluatedProperties": False, "patternProperties": {"a": {}}}, "use additionalProperties"),
        ({"minimum": "three"}, "not a JSON Schema"),
        ({"enum": list(range(10)), "allOf": [{"const": {"k": n}} for n in range(6000)]}, "more than 5,000 parts"),
    ],
)
def test_schemas_that_cannot_be_used_are_refused_when_saved(schema, words):
    with pytest.raises(Invalid, match=r"grader\.schema") as caught:
        parse_spec({"type": "json_schema", "schema": schema})
    assert words in str(caught.value)


def test_a_very_deep_schema_is_refused():
    schema: dict = {}
    for _ in range(3000):
        schema = {"not": schema}
    with pytest.raises(Invalid, match="nested too deeply"):
        parse_spec({"type": "json_schema", "schema": schema})


def test_a_field_of_the_output_can_be_checked():
    definition = {"type": "json_schema", "schema": {"type": "integer"}, "input": "{{sample.output_json.total}}"}
    assert grade(parse_spec(definition), {}, Sample('{"total": 3}')).passed is True
    assert grade(parse_spec(definition), {}, Sample('{"sum": 3}')).passed is False
