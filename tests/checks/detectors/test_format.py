"""Form: schema, labels, turns, tool calls, what was left in, what was cut off."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.checks.detectors.base import Setting
from app.checks.detectors.formats.detector import FORMAT
from app.checks.detectors.formats.style import style_of
from app.checks.detectors.registry import DETECTORS
from app.checks.detectors.typical import Summary, typical
from tests.checks.detectors.samples import answered, chat, codes, spans, subject

SCHEMA = {
    "type": "object",
    "properties": {"route": {"enum": ["tax", "refunds"]}, "reply": {"type": "string"}},
    "required": ["route", "reply"],
}
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]


def called(name: str, arguments: str, tools: Any = TOOLS) -> list[str]:
    call = {"id": "c1", "type": "function", "function": {"name": name, "arguments": arguments}}
    messages = [{"role": "user", "content": "?"}, {"role": "assistant", "content": None, "tool_calls": [call]}]
    return codes(FORMAT, subject(messages, tools=tools))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ('{"route": "tax", "reply": "Yes."}', []),
        ("We do not charge it there.", ["not_json"]),
        ('```json\n{"route": "tax", "reply": "Yes."}\n```', ["fenced_json"]),
        ('{"route": "tax"}', ["missing_key"]),
        ('{"route": "tax", "reply": 3}', ["wrong_type"]),
        ('{"route": "sales", "reply": "Yes."}', ["unknown_value"]),
        ('{"route": "tax", "reply": "Yes', ["truncated"]),
        ('{"route": "tax", "route": "tax", "reply": "Yes."}', ["not_json"]),
    ],
)
def test_answers_against_the_schema(answer: str, expected: list[str]) -> None:
    assert codes(FORMAT, answered(answer), output_schema=SCHEMA) == expected


def test_an_unusable_schema_finds_nothing() -> None:
    assert codes(FORMAT, answered("x"), output_schema={"type": "banana"}) == []
    assert codes(FORMAT, answered("{}"), output_schema={"$ref": "#"}) == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("First, open the settings, then choose the plan and", ["truncated"]),
        ("Run this:\n```\nmake install", ["truncated"]),
        ("Run this:\n```\nmake install\n```", []),
        ("You can change it under Settings, at any time.", []),
        ("Yes", []),
        ("The three steps that you need are described in the", ["truncated"]),
    ],
)
def test_answers_that_end_too_early(answer: str, expected: list[str]) -> None:
    assert codes(FORMAT, answered(answer)) == expected


def test_the_finish_reason_tells_a_cut() -> None:
    assert codes(FORMAT, answered("All is well.", metadata={"finish_reason": "length"})) == ["truncated"]


def test_empty_answers_unless_they_call_or_refuse() -> None:
    empty = [{"role": "user", "content": "?"}, {"role": "assistant", "content": "", "refusal": None}]
    assert codes(FORMAT, subject(empty)) == ["empty"]
    assert codes(FORMAT, subject([empty[0], {**empty[1], "refusal": "I cannot."}])) == []


def test_labels_that_the_project_does_not_have() -> None:
    assert codes(FORMAT, answered("x", expected={"label": "spam"}), labels=["ham"]) == ["unknown_label"]
    assert codes(FORMAT, answered("x", expected={"label": "ham"}), labels=["ham"]) == []
    assert codes(FORMAT, answered("spam"), labels=["ham"], goal="classification") == ["unknown_label"]
    assert codes(FORMAT, answered("ham"), labels=["ham"], goal="classification") == []


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        (["user", "assistant"], []),
        (["system", "user", "assistant", "user", "assistant"], []),
        (["assistant", "user", "assistant"], []),
        (["user", "user", "assistant"], ["two_in_a_row"]),
        (["user", "assistant", "assistant"], ["two_in_a_row"]),
        (["user", "system", "assistant"], ["system_in_middle"]),
        (["system", "developer", "user", "assistant"], []),
        (["user", "tool", "assistant"], ["tool_without_call"]),
    ],
)
def test_turns(roles: list[str], expected: list[str]) -> None:
    assert codes(FORMAT, subject(chat(*[(role, "Fine.") for role in roles]))) == expected


def test_calls_and_their_answers() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}
    asked = {"role": "user", "content": "Rain in Oslo?"}
    calls = {"role": "assistant", "content": None, "tool_calls": [call]}
    answer = {"role": "tool", "tool_call_id": "c1", "content": "no"}
    told = {"role": "assistant", "content": "No rain."}
    assert codes(FORMAT, subject([asked, calls, answer, told], tools=TOOLS)) == []
    assert codes(FORMAT, subject([asked, calls, told], tools=TOOLS)) == ["call_without_answer"]


def test_tool_calls_against_what_is_on_offer() -> None:
    assert called("weather", '{"city": "Oslo"}') == []
    assert called("climate", '{"city": "Oslo"}') == ["unknown_tool"]
    assert called("weather", '{"city": "Oslo"}', tools=None) == ["unknown_tool"]
    assert called("weather", "city=Oslo") == ["arguments_not_json"]
    assert called("weather", '{"town": "Oslo"}') == ["arguments_schema"]
    assert called("weather", '["Oslo"]') == ["arguments_schema"]
    broken = json.loads(json.dumps(TOOLS).replace('"object"', '"dict"'))
    assert called("weather", '{"city": "Oslo"}', tools=broken) == ["tool_schema"]


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("Hi [CUSTOMER NAME], thanks.", "[CUSTOMER NAME]"),
        ("Dear [Your Name],", "[Your Name]"),
        ("Call {{Customer Support Phone Number}} now.", "{{Customer Support Phone Number}}"),
        ("Your order {order_number} is on its way.", "{order_number}"),
        ("Send it to <insert e-mail here>.", "<insert e-mail here>"),
        ("Hello ${first_name}!", "${first_name}"),
        ("Lorem ipsum dolor sit amet, and so on.", "Lorem ipsum dolor sit amet"),
        ("Price: TBD", "TBD"),
        ("TODO: write the rest", "TODO: write the rest"),
        ("Order XXXX was sent.", "XXXX"),
    ],
)
def test_placeholders_are_found_where_they_stand(answer: str, value: str) -> None:
    assert spans(FORMAT, answered(answer)) == [("placeholder", value)]


@pytest.mark.parametrize(
    "answer",
    [
        "See [the guide](https://example.com) and [1].",
        "A list [a, b, c] and an index x[0], a set {1, 2}.",
        "Use <div> and <b>bold</b>, <name> is a tag.",
        "Write [EMAIL] or [PHONE] and [CARD]: these are masks.",
        "The XX chromosome; XXL shirts; todo lists are useful.",
        'f"{user}" prints the user, and $HOME is a folder.',
        "Malmö, naïve, Ärger, Ångström and â are letters.",
        "AI is a field. An AI can help with that.",
    ],
)
def test_what_is_no_leftover(answer: str) -> None:
    assert spans(FORMAT, answered(answer)) == []


def test_a_model_that_speaks_of_itself_and_broken_characters() -> None:
    assert spans(FORMAT, answered("As an AI language model, I do.")) == [("self_reference", "As an AI language model")]
    assert spans(FORMAT, answered("Fixed: caf\u00c3\u00a9 is open.")) == [("mojibake", "\u00c3\u00a9")]
    assert spans(FORMAT, answered("It isn\u00e2\u20ac\u2122t so.")) == [("mojibake", "\u00e2\u20ac\u2122")]
    assert spans(FORMAT, answered("broken \ufffd\ufffd here")) == [("mojibake", "\ufffd\ufffd")]
    assert codes(FORMAT, answered("I do.", question="As an AI language model, what do you think?")) == []


def test_styles_and_what_is_typical() -> None:
    texts = ('{"a": 1}', '{"a": ', "[1]", "# Title\ntext", "- one\n- two", "**bold** word", "Just text.", "[note] text")
    assert [style_of(text) for text in texts] == [*["json"] * 3, *["markdown"] * 3, *["plain"] * 2]
    usual = typical([Summary("plain", 40, 100 + number) for number in range(50)])
    assert usual["style"] == "plain"
    assert codes(FORMAT, answered("# A heading\n\nand text"), typical=usual) == ["mixed_style"]
    assert typical([Summary("plain", 40, 100)] * 29) == {}
    assert "style" not in typical([Summary("plain", 4, 10), Summary("json", 4, 10)] * 30)


def test_findings_are_the_same_in_every_look_and_apart() -> None:
    one = answered("Hi [NAME], as an AI I say: [NAME], [DATE]. caf\u00c3\u00a9 and", expected={"label": "x"})
    first, second = (list(FORMAT.look(one, Setting(goal="tone_style", labels=["y"]))) for _ in range(2))
    assert first == second
    assert len({(found.kind, found.key) for found in first}) == len(first) == 6


WORDS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200)


@settings(deadline=None)
@given(WORDS, WORDS, st.one_of(st.none(), st.just(SCHEMA)))
def test_no_detector_breaks_on_any_text(question: str, answer: str, schema: dict[str, Any] | None) -> None:
    usual = typical([Summary("plain", 40, 100 + number) for number in range(50)])
    setting = Setting(goal="classification", labels=["a"], output_schema=schema, typical=usual)
    call = {"id": "c", "function": {"name": "weather", "arguments": answer}}
    one = answered(answer, question, expected={"text": answer, "tool_calls": [call]}, tools=TOOLS)
    for detector in DETECTORS:
        found = list(detector.look(one, setting))
        assert len({(each.kind, each.key) for each in found}) == len(found)
        assert all(each.kind in detector.kinds and each.words for each in found)
        for each in found:
            if each.start is not None and each.stop is not None and each.message_index is not None:
                assert 0 <= each.start < each.stop <= len(one.messages[each.message_index]["content"])
