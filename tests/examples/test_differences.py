"""Words that came and went: nothing is lost, and what did not change is not marked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.examples.differences import Segment, conversations, words


def sides(segments: list[Segment]) -> tuple[str, str]:
    before = "".join(one.text for one in segments if one.mark != "added")
    return before, "".join(one.text for one in segments if one.mark != "removed")


@given(st.text(max_size=80), st.text(max_size=80))
def test_both_texts_can_be_read_off(before: str, after: str) -> None:
    assert sides(words(before, after)) == (before, after)


@pytest.mark.parametrize(
    ("before", "after", "gone", "come"),
    [
        ("within 5 days.", "within 14 days.", ["5"], ["14"]),
        ("one two three", "one two three", [], []),
        ("返金してください", "返金してほしい", ["くださ"], ["ほし"]),
        ("לא ניתן להחזיר", "ניתן להחזיר", ["לא "], []),
        ("keep this old plan today", "keep one new offer today", ["this old plan"], ["one new offer"]),
    ],
)
def test_whole_words_are_marked(before: str, after: str, gone: list[str], come: list[str]) -> None:
    found = words(before, after)
    assert [one.text for one in found if one.mark == "removed"] == gone
    assert [one.text for one in found if one.mark == "added"] == come


def test_a_huge_text_is_compared_line_by_line() -> None:
    before = "\n".join(f"line {number} of many" for number in range(5_000))
    found = words(before, before.replace("line 77 of", "line 77 out of"))
    assert [one.text for one in found if one.mark] == ["line 77 of many", "line 77 out of many"]


def test_messages_are_paired_by_what_they_say_and_who_says_it() -> None:
    def say(role: str, content: str) -> dict[str, str]:
        return {"role": role, "content": content}

    before = [say("system", "Be kind."), say("user", "Hello"), say("assistant", "Hi.")]
    after = [say("user", "Hello"), say("assistant", "Hi there."), say("user", "Thanks")]
    found = conversations(before, after)
    assert [(one.role, one.mark, one.same) for one in found] == [
        ("system", "removed", False),
        ("user", "", True),
        ("assistant", "", False),
        ("user", "added", False),
    ]
    assert sides(list(found[2].segments)) == ("Hi.", "Hi there.")


def test_a_changed_tool_call_is_a_change() -> None:
    def call(arguments: str) -> dict[str, object]:
        return {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}],
        }

    (found,) = conversations([call('{"a": 1}')], [call('{"a": 2}')])
    assert not found.same
    assert [one.text for one in found.calls if one.mark] == ["1", "2"]
