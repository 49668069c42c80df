"""``multi``: OpenAI's object, formulas that are parsed and never evaluated, and what its parts may do to it."""

import ast
import json
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Invalid
from app.evals.graders import Sample, case_item, grade, parse_spec
from app.evals.graders.formula import Formula, FormulaError, Uncomputable

ITEM = case_item({"expected": {"label": "billing", "text": "the billing team"}})
LABEL = {
    "type": "string_check",
    "name": "label",
    "operation": "ilike",
    "input": "{{sample.output_text}}",
    "reference": "{{item.expected.label}}",
}
CLOSE = {
    "type": "text_similarity",
    "name": "close",
    "evaluation_metric": "rouge_1",
    "input": "{{sample.output_text}}",
    "reference": "{{item.expected.text}}",
}


def multi(formula="0.5 * label + 0.5 * close", **graders):
    parts = graders or {"label": LABEL, "close": CLOSE}
    return {"type": "multi", "name": "both", "graders": parts, "calculate_output": formula}


def check(definition, output="billing team", item=ITEM):
    return grade(parse_spec(definition), item, Sample(output))


def test_an_openai_object_goes_in_and_comes_out_unchanged():
    spec = parse_spec(multi())
    assert spec.definition.model_dump(exclude_none=True) == multi()
    assert parse_spec(json.loads(json.dumps(spec.snapshot()))) == spec
    assert (spec.metric, spec.pass_threshold) == ("task_accuracy", 1.0)


def test_the_formula_over_the_parts():
    result = check({**multi(), "pass_threshold": 0.85})
    assert (result.score, result.passed) == (pytest.approx(0.9), True)  # 0.5 · 1 + 0.5 · 0.8
    assert "label 1.000, close 0.800" in result.reason
    assert result.detail["graders"]["close"]["score"] == pytest.approx(0.8)
    assert check(multi("min(label, close)")).score == pytest.approx(0.8)
    assert check(multi()).passed is False


def test_what_leaves_the_range_is_counted_at_its_end_and_said():
    result = check(multi("label + close"))
    assert (result.score, result.passed) == (1.0, True)
    assert "= 1.800, counted as 1" in result.reason
    assert check(multi("close - 3")).score == 0


def test_a_formula_without_a_value_is_a_fail_and_says_why():
    result = check(multi("close / (label - 1)"))
    assert (result.score, result.passed) == (0.0, False)
    assert "has no value here" in result.reason


def test_a_part_without_a_grade_leaves_the_whole_without_one_however_the_output_came_out():
    item = case_item({"expected": {"text": "x"}})
    for sample in (Sample("billing"), Sample("billing", problem="cut off")):
        result = grade(parse_spec(multi()), item, sample)
        assert result.passed is None
        assert "item.expected.label" in result.reason


def test_what_the_output_lacks_scores_0_in_its_part():
    field = {**LABEL, "input": "{{sample.output_json.team}}"}
    result = check(multi("max(label, close)", label=field, close=CLOSE))
    assert result.score == pytest.approx(0.8)
    assert "not valid JSON" in result.detail["graders"]["label"]["reason"]


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        (multi("label + tone"), "character 9: no grader is called tone; there are close, label"),
        (multi("0.5 * (label"), "character 7: this is not a formula"),
        (multi("label.__class__"), "character 1: only + - * / ^"),
        (multi("__import__('os')"), "cannot stand in a formula"),
        (multi("eval(label)"), "only the functions min, max"),
        (multi("[label for label in close]"), "cannot stand in a formula"),
        (multi("sqrt(label, close)"), "character 1: sqrt takes one argument"),
        (multi("min(a=label)"), "cannot stand in a formula"),
        (multi("1e999"), "this number is too large"),
        (multi(" + ".join(["label"] * 120)), "longer than 500 characters"),
        (multi("-" * 60 + "label"), "more than 20 levels"),
        (multi(""), "write a formula"),
        (multi("label", label=multi()), "cannot hold another one"),
        (multi("label", label={**LABEL, "operation": "is"}), "label.operation"),
        (multi("label", **{f"g{n}": LABEL for n in range(11)}), "at most 10"),
        (multi("min", min=LABEL), "cannot stand in a formula"),
        ({**multi(), "graders": [LABEL]}, "an object of graders by name"),
        (multi(label={**LABEL, "input": "{{output}}"}, close=CLOSE), "must be {{item.…}}"),
    ],
)
def test_a_wrong_object_names_the_place(definition, words):
    with pytest.raises(Invalid) as caught:
        parse_spec(definition)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("2 ^ 3 ^ 2", 512),
        ("-2 ^ 2", -4),
        ("(1 + a) ^ 2 * 2", 4.5),
        (" a\n + 1", 1.5),
        ("floor(1.5) + ceil(1.5) + abs(-1) + sqrt(4) + exp(0) + log(1)", 1 + 2 + 1 + 2 + 1 + 0),
        ("max(a, 0.1, 3) - min(a, 3)", 2.5),
    ],
)
def test_arithmetic(formula, value):
    assert Formula(formula, ["a"]).value({"a": 0.5}) == pytest.approx(value)


@pytest.mark.parametrize("formula", ["9^9^9^9", "exp(1000)", "1/(a-a)", "log(a-a)", "sqrt(-1)", "(a-a)^-1", "(-1)^0.5"])
def test_numbers_without_end_take_no_time(formula):
    start = time.perf_counter()
    with pytest.raises(Uncomputable):
        Formula(formula, ["a"]).value({"a": 0.5})
    assert time.perf_counter() - start < 1


def test_the_place_counts_characters_as_written():
    with pytest.raises(FormulaError, match="character 11: no grader is called zz"):
        Formula("a ^ 2 ^ a+zz", ["a"])


NUMBERS = st.floats(0, 1).map(lambda number: f"{number:.3f}")
TREES = st.recursive(
    NUMBERS | st.sampled_from(["a", "b"]),
    lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
    max_leaves=6,
)


@given(TREES, st.floats(0, 1), st.floats(0, 1))
def test_arithmetic_is_pythons(formula, a, b):
    """Second implementation: Python itself, on formulas that hold nothing but arithmetic."""
    try:
        expected = eval(compile(ast.parse(formula, mode="eval"), "x", "eval"), {"__builtins__": {}}, {"a": a, "b": b})
    except ZeroDivisionError:
        expected = math.inf
    if math.isfinite(expected):
        assert Formula(formula, ["a", "b"]).value({"a": a, "b": b}) == expected
    else:
        with pytest.raises(Uncomputable):
            Formula(formula, ["a", "b"]).value({"a": a, "b": b})


@given(st.text(max_size=60))
def test_no_text_does_more_than_be_refused(text):
    try:
        Formula(text, ["a"]).value({"a": 0.5})
    except (FormulaError, Uncomputable) as error:
        str(error).encode()
