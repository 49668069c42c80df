"""Training rows: what is refused, and that the line is named."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.engine.messages import BadMessage
from app.engine.pairs import parse_pair
from app.engine.rows import MAX_LINE_BYTES, BadFile, Row, check_file, is_trained, parse_row, read_rows
from tests.engine.conftest import chat_row

GOOD = json.dumps(chat_row("question", "answer")).encode()


def problem(tmp_path: Path, bad: bytes) -> str:
    """The error for a file whose second line is ``bad``."""
    path = tmp_path / "rows.jsonl"
    path.write_bytes(GOOD + b"\n" + bad + b"\n" + GOOD + b"\n")
    with pytest.raises(BadFile) as caught:
        check_file(path, "training_file", parse_row)
    assert caught.value.field == "training_file"
    return str(caught.value)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"{broken", "not JSON"),
        (b"[1]", "must be a JSON object"),
        (b"{}", "'messages' must be a list"),
        (b'{"messages": []}', "at least one message"),
        (b'{"messages": ["text"]}', "messages[0] must be an object"),
        (b'{"messages": [{"role": "robot", "content": "x"}]}', "messages[0].role"),
        (b'{"messages": [{"role": "user"}]}', "messages[0].content is missing"),
        (b'{"messages": [{"role": "user", "content": 3}]}', "messages[0].content must be a string"),
        (b'{"messages": [{"role": "user", "content": "x"}]}', "no assistant message"),
        (b'{"messages": [{"role": "assistant", "content": "x"}]}', "nothing to answer"),
        (json.dumps(chat_row("x", "\ud800")).encode(), "half of a surrogate pair at character 1"),
        (b'{"messages": "\xff"}', "not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"x": "' + b"a" * MAX_LINE_BYTES + b'"}', "longer than"),
        (GOOD.replace(b'"answer"', b'"answer", "weight": 2'), "weight must be 0 or 1"),
        (GOOD.replace(b'"answer"', b'"answer", "weight": 0'), "no assistant message"),
        (GOOD.replace(b'"answer"', b'"answer", "tool_calls": [{}]'), "tool_calls[0].function.name"),
        (GOOD.replace(b'"answer"', b'[{"type": "image_url"}]'), "must be a text part"),
        (GOOD.replace(b'{"messages"', b'{"tools": 3, "messages"'), "'tools' must be a list"),
    ],
)
def test_a_bad_row_is_refused_by_its_line(tmp_path: Path, bad: bytes, reason: str) -> None:
    message = problem(tmp_path, bad)
    assert message.startswith("The training file has 1 row that cannot be used: line 2: ")
    assert reason in message


def test_many_bad_rows_are_counted_and_the_first_shown(tmp_path: Path) -> None:
    message = problem(tmp_path, b"\n".join([b"{"] * 12))
    assert "12 rows" in message
    assert "line 11" in message
    assert "line 12" not in message
    assert message.endswith("and 2 more")


def test_a_byte_order_mark_blank_lines_and_text_parts_are_fine(tmp_path: Path) -> None:
    parts = chat_row("x", "y")
    parts["messages"][0]["content"] = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD + b"\r\n\n  \n" + json.dumps(parts).encode())
    rows = [row for row in read_rows(path, parse_row) if isinstance(row, Row)]
    assert [row.line for row in rows] == [1, 4]
    assert check_file(path, "training_file", parse_row) == 2


def test_a_file_without_rows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\n\n")
    with pytest.raises(BadFile, match="The validation file holds no rows"):
        check_file(path, "validation_file", parse_row)


ASK = {"messages": [{"role": "user", "content": "q"}]}
YES, NO = ([{"role": "assistant", "content": text}] for text in ("yes", "no"))


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({}, "'input' must be an object with 'messages'"),
        ({"input": {"messages": []}}, "at least one message"),
        ({"input": {"messages": [{"role": "user"}]}}, "input.messages[0].content is missing"),
        ({"input": {"messages": YES}}, "nothing to answer"),
        ({"input": ASK}, "'preferred_output' must be a list of one assistant message"),
        ({"input": ASK, "preferred_output": YES}, "'non_preferred_output' must be a list of one"),
        ({"input": ASK, "preferred_output": YES * 2, "non_preferred_output": NO}, "list of one assistant message"),
        ({"input": ASK, "preferred_output": ASK["messages"], "non_preferred_output": NO}, "[0].role must be assistant"),
        ({"input": ASK | {"tools": 3}, "preferred_output": YES, "non_preferred_output": NO}, "'input.tools' must be"),
    ],
)
def test_a_bad_preference_row_is_refused_with_its_field(bad: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadMessage) as caught:
        parse_pair(json.dumps(bad).encode(), 1)
    assert reason in str(caught.value)


def test_only_the_compared_answers_carry_loss() -> None:
    turns = [*ASK["messages"], *NO, {"role": "user", "content": "sure?"}]
    row = {"input": {"messages": turns}, "preferred_output": YES, "non_preferred_output": NO}
    pair = parse_pair(json.dumps(row).encode(), 7)
    assert [is_trained(message) for message in pair.preferred.messages] == [False, False, False, True]
    assert (pair.line, pair.preferred.messages[-1], pair.non_preferred.messages[-1]) == (7, YES[0], NO[0])
