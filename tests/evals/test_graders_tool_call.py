"""Calls as expected pass; every way of calling otherwise fails, and the reason says which."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.evals.graders import Sample, case_item, grade, parse_spec
from app.evals.graders.tool_values import same

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "refund",
            "parameters": {
                "type": "object",
                "properties": {
                    "invoice": {"type": "string", "pattern": "^INV-"},
                    "amount": {"type": "number"},
                    "notify": {"type": "boolean"},
                    "lines": {"type": "array", "items": {"type": "integer"}},
                },
                "required": ["invoice"],
            },
        },
    },
    {"type": "function", "function": {"name": "close_ticket", "parameters": {"type": "object", "properties": {}}}},
]


def call(name, arguments=None, **more):
    arguments = arguments if isinstance(arguments, str) else json.dumps(arguments or {})
    return {"type": "function", "function": {"name": name, "arguments": arguments}, **more}


REFUND = {"invoice": "INV-1", "amount": 12.5}


def check(expected, given, text=None, tools=TOOLS, **more):
    case = {"messages": [{"role": "user", "content": "Refund me."}], "expected": {"tool_calls": expected}}
    return grade(parse_spec({"type": "tool_call", **more}), case_item(case | {"tools": tools}), Sample(text, given))


def test_it_feeds_accuracy_and_survives_its_snapshot():
    spec = parse_spec({"type": "tool_call", "order": "exact"})
    assert (spec.metric, spec.pass_threshold) == ("task_accuracy", 1.0)
    assert parse_spec(json.loads(json.dumps(spec.snapshot()))) == spec


@pytest.mark.parametrize(
    ("expected", "given"),
    [
        (call("refund", REFUND), call("refund", '{"amount": 12.50, "invoice": "INV-1"}')),
        (call("refund", {"invoice": "INV-1", "amount": 5}), call("refund", {"invoice": "INV-1", "amount": 5.0})),
        (call("refund", REFUND, allowed={"invoice": ["INV-2"]}), call("refund", REFUND | {"invoice": "INV-2"})),
        (call("refund", REFUND, optional=["amount"]), call("refund", {"invoice": "INV-1"})),
        (call("refund", {"invoice": "INV-1"}, optional=["lines"]), call("refund", {"invoice": "INV-1", "lines": [1]})),
        (call("close_ticket"), call("close_ticket", "")),
    ],
)  # fmt: skip
def test_what_is_as_expected_passes(expected, given):
    result = check([expected], [given])
    assert result.passed, result.reason


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (call("close_ticket"), "called instead of refund"),
        (call("refund_all", REFUND), "the case has no such tool"),
        (call("refund", {"amount": 12.5}), "'invoice' is a required property"),
        (call("refund", {"invoice": "INV-1"}), "the argument amount is missing"),
        (call("refund", REFUND | {"amount": "12.5"}), "'12.5' is not of type 'number'"),
        (call("refund", REFUND | {"amount": 13}), "amount is 13, expected 12.5"),
        (call("refund", REFUND | {"invoice": "INV-9"}), "invoice is “INV-9”, expected “INV-1”"),
        (call("refund", REFUND | {"invoice": "1"}), "does not match"),
        (call("refund", REFUND | {"notify": True}), "the argument notify is not expected"),
        (call("refund", REFUND | {"reason": "x"}), "the tool has no argument reason"),
        (call("refund", '{"invoice": "INV-1"'), "the arguments are not a JSON object: line 1"),
        (call("refund", '["INV-1"]'), "the arguments are not a JSON object"),
        (call("refund", '{"invoice": "INV-1", "invoice": "INV-1"}'), "is there twice"),
        ({"type": "function"}, "has no function"),
    ],
)
def test_a_wrong_call_fails_and_says_why(given, words):
    result = check([call("refund", REFUND)], [given])
    assert result.passed is False
    assert words in result.reason


def test_text_instead_of_a_call_and_a_call_instead_of_text():
    assert "text instead of a call of refund" in check([call("refund", REFUND)], [], "I refunded it.").reason
    assert check([], [], "Which invoice?").passed
    result = check([], [call("close_ticket")])
    assert result.passed is False
    assert "close_ticket is called, and that is not expected" in result.reason


def test_parallel_calls_in_any_order_unless_it_is_exact():
    one, other = call("refund", REFUND), call("close_ticket")
    assert check([one, other], [other, one]).passed
    assert check([one, other], [one, other], order="exact").passed
    swapped = check([one, other], [other, one], order="exact")
    assert swapped.passed is False
    assert "called instead of refund" in swapped.reason
    assert "close_ticket is not called" in check([one, other], [one]).reason
    assert "refund is called, and that is not expected" in check([one], [one, one]).reason
    assert check([one], [one] * 65).passed is False


def test_alternatives_are_paired_so_that_all_fit():
    """The first expected call takes either invoice, the second only INV-1: a greedy pairing would fail."""
    either = call("refund", {"invoice": "INV-1"}, allowed={"invoice": ["INV-2"]})
    one, two = call("refund", {"invoice": "INV-1"}), call("refund", {"invoice": "INV-2"})
    assert check([either, one], [one, two]).passed
    reason = check([either, one], [two, two]).reason
    assert "invoice is “INV-2”, expected “INV-1”" in reason


def test_strings_are_exact_unless_told_to_be_loose():
    expected, given = [call("refund", {"invoice": "INV-A1"})], [call("refund", {"invoice": "INV-a 1."})]
    assert check(expected, given).passed is False
    assert check(expected, given, strings="loose").passed


def test_what_is_wrong_with_the_case_is_not_the_outputs_fault():
    assert check(None, [call("refund")]).passed is None  # nothing is expected
    for expected in ([{"name": "refund"}], [call("refund", "nonsense")], [call("refund", allowed={"a": 1})], {"a": 1}):
        result = check(expected, [call("refund", REFUND)])
        assert result.passed is None, expected
    broken = [{"type": "function", "function": {"name": "refund", "parameters": {"type": "thing"}}}]
    assert (
        "the schema of the tool refund cannot be used" in check([call("refund")], [call("refund")], tools=broken).reason
    )
    assert check([call("anything", {"a": 1})], [call("anything", {"a": 1})], tools=None).passed  # no tools named


def test_a_case_that_contradicts_its_own_schema_is_said_and_not_held_against_the_output():
    without = call("refund", {"amount": 1})  # the schema requires an invoice
    result = check([without], [without])
    assert result.passed
    assert "though the case's own schema refuses that (refund: arguments: 'invoice' is a required" in result.reason
    assert check([without], [call("refund", {"amount": "1"})]).passed is False
    optional = call("refund", {"invoice": "INV-1"}, optional=["amount"])
    assert check([optional], [call("refund", {"invoice": "INV-1", "amount": "much"})]).passed is False


def test_the_last_answers_calls_are_expected_where_nothing_else_is():
    answer = {"role": "assistant", "content": None, "tool_calls": [call("close_ticket")]}
    item = case_item({"messages": [{"role": "user", "content": "close"}, answer], "tools": TOOLS})
    spec = parse_spec({"type": "tool_call"})
    assert grade(spec, item, Sample(None, [call("close_ticket")])).passed
    assert grade(spec, item, Sample("closed")).passed is False


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-2, 2) | st.text("aB1 ", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=6,
)


@given(JSON, JSON)
def test_equality_of_values_is_that_of_json(one, other):
    assert same(one, one, False)
    assert same(one, other, False) == same(other, one, False)
    if same(one, other, False):
        assert one == other
        assert same(one, other, True)
    assert not same(1, True, True)
    assert not same("1", 1, True)


@given(st.one_of(st.text(max_size=40), JSON.map(json.dumps)), st.text(max_size=20))
def test_no_call_makes_the_grader_raise(arguments, name):
    result = check([call("refund", REFUND)], [call(name, arguments)])
    assert result.passed is False
    result.reason.encode()
