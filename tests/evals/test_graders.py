"""Grader objects, templates, and each grader's grades."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.graders import StringCheckGrader, TextSimilarityGrader
from rapidfuzz import fuzz

from app.core.errors import Invalid
from app.evals.graders import GRADERS, Sample, case_item, grade, parse_definition, parse_spec
from app.evals.graders.base import OutputError, TemplateError
from app.evals.graders.similarity import rouge_l, rouge_n
from app.evals.graders.templates import Scope

CASE = {
    "messages": [
        {"role": "system", "content": "Route the ticket."},
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "which one?"},
        {"role": "user", "content": "My card was charged twice."},
    ],
    "expected": {"label": "billing", "text": "billing", "behavior": "answer", "json": {"b": 1, "a": [True, None]}},
    "tags": ["de", "refund"],
    "metadata": {"reference_answer": "Paris", "nested": {"list": [{"x": "deep"}]}},
}
ITEM = case_item(CASE)


def check(definition, output, item=ITEM, **sample):
    return grade(parse_spec(definition), item, Sample(output, **sample))


def string_check(operation="eq", given="{{sample.output_text}}", reference="{{item.expected.label}}"):
    return {"type": "string_check", "name": "c", "input": given, "reference": reference, "operation": operation}


# --- grader objects ---


def test_an_openai_grader_object_goes_in_and_comes_out_unchanged():
    theirs = StringCheckGrader(
        type="string_check", name="match", input="{{sample.output_text}}", reference="{{item.label}}", operation="eq"
    ).model_dump()
    spec = parse_spec(theirs)
    assert spec.definition.model_dump() == theirs
    assert (spec.metric, spec.pass_threshold, spec.version, spec.name) == ("task_accuracy", 1.0, 1, "match")
    similar = TextSimilarityGrader(
        type="text_similarity", name="s", input="x", reference="y", evaluation_metric="rouge_l"
    ).model_dump()
    assert parse_spec(similar).definition.model_dump(exclude_none=True) == similar


@pytest.mark.parametrize(
    ("definition", "metric"),
    [
        (string_check(), "task_accuracy"),
        ({"type": "json_schema", "schema": {"type": "object"}}, "format_validity"),
        ({"type": "behavior"}, "refusal_correctness"),
        ({"type": "regex", "pattern": "a+"}, "task_accuracy"),
        (
            {"type": "text_similarity", "input": "a", "reference": "b", "evaluation_metric": "fuzzy_match"},
            "task_accuracy",
        ),
    ],
)
def test_every_type_feeds_a_metric_and_survives_its_snapshot(definition, metric):
    spec = parse_spec(definition)
    assert spec.metric == metric
    assert spec.name == definition.get("name", definition["type"])
    stored = json.loads(json.dumps(spec.snapshot()))
    assert parse_spec(stored) == spec
    assert set(GRADERS) >= {definition["type"]}


def test_metric_threshold_and_version_can_be_given_in_both_forms():
    bare = parse_spec({**string_check("like"), "metric": "refusal_correctness", "pass_threshold": 0.5})
    wrapped = parse_spec(
        {"name": "w", "definition": string_check("like"), "metric": "refusal_correctness", "version": 3}
    )
    assert (bare.metric, bare.pass_threshold) == ("refusal_correctness", 0.5)
    assert (wrapped.name, wrapped.version, wrapped.pass_threshold) == ("w", 3, 1.0)
    own = parse_spec(
        {
            "type": "text_similarity",
            "input": "a",
            "reference": "b",
            "evaluation_metric": "rouge_1",
            "pass_threshold": 0.3,
        }
    )
    assert own.pass_threshold == 0.3
    assert own.definition.pass_threshold == 0.3


@pytest.mark.parametrize(
    ("raw", "loc", "words"),
    [
        ({"type": "python", "source": "x"}, "grader.type", "'python'. Known types: string_check, text_similarity"),
        ({"name": "x"}, "grader.type", "has no type"),
        ([], "grader", "must be an object"),
        ({"definition": "x"}, "grader.definition.type", "has no type"),
        ({**string_check(), "operation": "equals"}, "grader.operation", "'eq', 'ne', 'like' or 'ilike'"),
        ({"type": "string_check", "input": "a", "operation": "eq"}, "grader.reference", "Field required"),
        ({**string_check(), "extra": 1}, "grader.extra", "not permitted"),
        ({**string_check(), "metric": "happiness"}, "grader", "task_accuracy, format_validity"),
        ({**string_check(), "metric": "latency_p50_ms"}, "grader", "not one that a grader can feed"),
        ({**string_check(), "pass_threshold": 2}, "grader.pass_threshold", "less than or equal to 1"),
        (string_check(given="{{output}}"), "grader", "must be {{item.…}} or {{sample.…}}"),
        (string_check(given="{{item}}"), "grader", "must be {{item.…}}"),
        ({"type": "regex", "pattern": "a("}, "grader.pattern", "missing )"),
        ({"type": "regex", "pattern": r"(a)\1"}, "grader.pattern", "RE2"),
        ({"type": "json_schema", "schema": {"type": "thing"}}, "grader.schema", "not a JSON Schema"),
        ({"type": "behavior", "phrases": {"refuse": ["("]}}, "grader.phrases", "RE2"),
        ({"type": "behavior", "phrases": {"shrug": ["x"]}}, "grader.phrases.shrug", "'refuse'"),
        (
            {"type": "text_similarity", "input": "a", "reference": "b", "evaluation_metric": "bert"},
            "grader.evaluation_metric",
            "'fuzzy_match', 'bleu', 'gleu', 'meteor'",
        ),
    ],
)
def test_a_wrong_grader_names_the_field_and_the_way_out(raw, loc, words):
    with pytest.raises(Invalid) as caught:
        parse_spec(raw)
    assert caught.value.errors[0].loc.startswith(loc)
    assert words in caught.value.errors[0].msg


def test_the_guides_spelling_of_ne_is_understood():
    assert parse_definition(string_check("neq")).operation == "ne"


# --- items and templates ---


def test_the_item_of_a_case():
    assert ITEM["input"] == "My card was charged twice."
    assert ITEM["reference"] == ITEM["expected"]["text"] == "billing"
    assert ITEM["tags"] == ["de", "refund"]
    assert ITEM["reference_answer"] == ITEM["metadata"]["reference_answer"] == "Paris"


def test_the_last_answer_is_expected_where_nothing_else_is():
    item = case_item(
        {
            "messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}],
            "behavior": "answer",
            "metadata": {"input": "not this"},
        }
    )
    assert (item["reference"], item["input"], item["expected"]["behavior"]) == ("4", "2+2?", "answer")
    assert len(item["messages"]) == 1
    parts = [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {}}, {"type": "text", "text": "b"}]
    assert case_item({"messages": [{"role": "user", "content": parts}]})["input"] == "a\nb"


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("{{item.expected.label}}!", "billing!"),
        ("{{ item . expected . label }}", "billing"),
        ("{{item.metadata.nested.list[0].x}} {{item.nested.list.0.x}}", "deep deep"),
        ("{{item.expected.json}}", '{"a":[true,null],"b":1}'),
        ("{{item.tags}}", '["de","refund"]'),
        ("{{sample.output_json.a.b}}/{{sample.output_json.ok}}", "7/true"),
        ("{{sample.output_tools[0].function.name}}", "refund"),
        ("{{sample.choices[0].message.content}}", '{"a": {"b": 7}, "ok": true}'),
        ("plain { } {x}", "plain { } {x}"),
    ],
)
def test_templates(template, filled):
    sample = Sample('{"a": {"b": 7}, "ok": true}', tool_calls=[{"function": {"name": "refund"}}])
    assert Scope(ITEM, sample).fill(template) == filled


def test_what_is_filled_in_is_not_a_template():
    assert Scope(ITEM, Sample("{{item.expected.label}}")).fill("{{sample.output_text}}") == "{{item.expected.label}}"


@pytest.mark.parametrize("path", ["item.expected.price", "item.tags[9]", "item.input.lower", "item.__class__"])
def test_a_name_that_the_case_lacks_is_an_error_that_names_it(path):
    with pytest.raises(TemplateError, match=re.escape(path)) as caught:
        Scope(ITEM, Sample("x")).fill("{{" + path + "}}")
    assert caught.value.path == path


def test_a_name_that_the_output_lacks_is_the_outputs_fault():
    with pytest.raises(OutputError, match=r"sample\.output_json\.b"):
        Scope(ITEM, Sample('{"a": 1}')).fill("{{sample.output_json.b}}")
    with pytest.raises(OutputError, match="not valid JSON"):
        Scope(ITEM, Sample("oops")).fill("{{sample.output_json.b}}")


# --- grading ---


@pytest.mark.parametrize(
    ("operation", "output", "passed"),
    [
        ("eq", "billing", True),
        ("eq", "Billing", False),
        ("eq", "billing\n", False),
        ("ne", "tax", True),
        ("ne", "billing", False),
        ("like", "the billing team", True),
        ("like", "the Billing team", False),
        ("ilike", "the BILLING team", True),
        ("ilike", "tax", False),
    ],
)
def test_string_check(operation, output, passed):
    result = check(string_check(operation), output)
    assert (result.score, result.passed) == (float(passed), passed)
    assert "billing" in result.reason


@pytest.mark.parametrize("operation", ["eq", "ne", "like", "ilike"])
def test_a_case_without_the_reference_is_not_gradable_and_never_a_pass(operation):
    for output, problem in (("billing", None), (None, "cut off at the token limit")):
        result = check(string_check(operation, reference="{{item.expected.price}}"), output, problem=problem)
        assert (result.score, result.passed) == (None, None)
        assert "item.expected.price" in result.reason


@pytest.mark.parametrize("operation", ["eq", "ne", "like", "ilike"])
@pytest.mark.parametrize(
    "sample",
    [Sample("billing", problem="cut off at the token limit"), Sample(None, problem="the call failed: 429"), Sample("")],
)
def test_an_incomplete_output_never_passes(operation, sample):
    result = grade(parse_spec(string_check(operation)), ITEM, sample)
    assert (result.score, result.passed) == (0.0, False)
    assert result.reason == sample.incomplete


def test_an_output_without_the_field_fails_even_where_ne_would_hold():
    result = check(string_check("ne", given="{{sample.output_json.team}}"), '{"queue": "x"}')
    assert (result.score, result.passed) == (0.0, False)
    assert "sample.output_json.team" in result.reason


def test_an_empty_reference_is_not_contained_in_everything():
    assert check(string_check("like", reference=""), "anything").passed is None


def test_the_threshold_decides():
    definition = {"type": "text_similarity", "input": "{{sample.output_text}}", "reference": "a b c d"}
    definition["evaluation_metric"] = "rouge_1"
    result = check({**definition, "pass_threshold": 0.75}, "a b c x")
    assert (result.score, result.passed) == (0.75, True)
    assert check(definition, "a b c x").passed is False  # 0.8 unless told otherwise


def test_fuzzy_match_is_rapidfuzz():
    definition = {"type": "text_similarity", "input": "{{sample.output_text}}", "reference": "The cat sat on the mat."}
    fuzzy = check({**definition, "evaluation_metric": "fuzzy_match"}, "the cat sat on a mat")
    assert fuzzy.score == pytest.approx(fuzz.ratio("the cat sat on the mat", "the cat sat on a mat") / 100)
    assert check({**definition, "evaluation_metric": "fuzzy_match"}, "THE CAT SAT ON THE MAT!").score == 1
    assert check({**definition, "evaluation_metric": "rouge_l", "reference": "…"}, "x").passed is None


@given(st.lists(st.sampled_from("abc"), min_size=1), st.lists(st.sampled_from("abc"), min_size=1))
def test_rouge_is_symmetric_and_bounded(one, other):
    for n in (1, 2):
        assert 0 <= rouge_n(one, other, n) == rouge_n(other, one, n) <= 1
    assert 0 <= rouge_l(one, other) == rouge_l(other, one) <= 1
    assert rouge_l(one, one) == 1


def test_endless_texts_are_cut_and_say_so():
    definition = {"type": "text_similarity", "input": "{{sample.output_text}}", "reference": "a"}
    result = check({**definition, "evaluation_metric": "rouge_1"}, "a " * 200_000)
    assert result.detail == {"cut_at": 20_000}


@pytest.mark.parametrize(
    ("pattern", "more", "output", "passed"),
    [
        (r"^LS-\d{5}$", {}, "LS-12345", True),
        (r"^LS-\d{5}$", {}, "see LS-12345", False),
        (r"refund", {"ignore_case": True}, "REFUND", True),
        (r"\b\d{16}\b", {"expect": "no_match"}, "no number here", True),
        (r"\b\d{16}\b", {"expect": "no_match"}, "4111111111111111", False),
    ],
)
def test_regex(pattern, more, output, passed):
    assert check({"type": "regex", "pattern": pattern, **more}, output).passed is passed


def test_a_hostile_pattern_takes_no_time():
    result = check({"type": "regex", "pattern": "(a+)+$"}, "a" * 50_000 + "!")
    assert result.passed is False


def test_reasons_can_be_stored():
    result = check(string_check(), "bad\x00text\ud800\n" + "x" * 5000)
    assert "\x00" not in result.reason
    result.reason.encode()
    assert len(result.reason) < 400


@given(st.text(max_size=200))
def test_no_output_makes_a_grader_raise(output):
    for definition in (
        string_check(given="{{sample.output_json.a[0]}}"),
        {"type": "json_schema", "schema": {"type": "object"}},
        {"type": "behavior"},
        {"type": "behavior", "field": "action"},
    ):
        result = check(definition, output)
        assert result.passed in (True, False)
        result.reason.encode()
