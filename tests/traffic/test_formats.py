"""What producers send, read: OpenAI pairs and OTLP spans of two generations of the GenAI conventions."""

import json
from typing import Any

import pytest

from app.core.errors import Invalid
from app.traffic.formats import body
from app.traffic.formats.completion import Completion, Unreadable
from tests.traffic.factories import attribute, frame, pair, span

USER = {"role": "user", "parts": [{"type": "text", "content": "Hi"}]}
ANSWER = {"role": "assistant", "parts": [{"type": "text", "content": "Hello."}], "finish_reason": "stop"}
EXPECTED = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]


def read(value: Any) -> list[Any]:
    return [row for _number, row in body.rows(value if isinstance(value, bytes) else json.dumps(value).encode())[1]]


def one(value: Any) -> Completion:
    [found] = read(value)
    assert isinstance(found, Completion), found
    return found


def test_a_pair_an_array_and_lines_are_the_same() -> None:
    first, second = pair("a", created=1767225600), pair("b")
    assert [c.id for c in read([first, second])] == ["a", "b"]
    lines = b"\n".join(json.dumps(row).encode() for row in (first, second))
    assert read(lines) == read([first, second])
    assert one(first).at == 1767225600
    assert [m["content"] for m in one(first).messages] == ["Where is my order?", "On its way."]


def test_lines_of_a_batch_and_a_stored_completion() -> None:
    inner = pair("x")
    batch = {"custom_id": "r1", "request": {"body": inner["request"]}, "response": {"body": inner["response"]}}
    assert one(batch).id == "r1"
    stored = {"id": "chatcmpl-1", "messages": inner["request"]["messages"], "choices": inner["response"]["choices"]}
    assert one(stored).messages == one(inner).messages


def test_tool_calls_are_kept_and_a_refusal_is_what_was_said() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    called = pair("a") | {"response": {"choices": [{"message": {"content": None, "tool_calls": [call]}}]}}
    assert one(called).messages[-1] == {"role": "assistant", "tool_calls": [call]}
    refused = pair("a") | {"response": {"choices": [{"message": {"content": None, "refusal": "No."}}]}}
    assert one(refused).messages[-1]["content"] == "No."


@pytest.mark.parametrize("structured", [False, True])
def test_messages_as_attributes(structured: bool) -> None:
    def written(messages: list[Any]) -> dict[str, Any]:
        if not structured:
            return {"stringValue": json.dumps(messages)}
        return {"arrayValue": {"values": [_any(message) for message in messages]}}

    asked, said = attribute("gen_ai.input.messages", written([USER])), written([ANSWER])
    found = one(frame(span(asked, attribute("gen_ai.output.messages", said))))
    assert found.messages == EXPECTED
    assert (found.id, found.at) == ("5b8efff798038103", 1767225600.0)


def _any(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {"kvlistValue": {"values": [{"key": key, "value": _any(one)} for key, one in value.items()]}}
    return (
        {"arrayValue": {"values": [_any(one) for one in value]}} if isinstance(value, list) else {"stringValue": value}
    )


def test_instructions_and_tools_of_a_span() -> None:
    call = {"role": "assistant", "parts": [{"type": "tool_call", "id": "1", "name": "f", "arguments": {"a": 1}}]}
    result = {"role": "tool", "parts": [{"type": "tool_call_response", "id": "1", "response": "ok"}]}
    attributes = [
        attribute("gen_ai.system_instructions", json.dumps([{"type": "text", "content": "Be brief."}])),
        attribute("gen_ai.input.messages", json.dumps([USER, call, result])),
        attribute("gen_ai.output.messages", json.dumps([ANSWER])),
        attribute("gen_ai.response.id", "chatcmpl-9"),
    ]
    found = one(frame(span(*attributes)))
    assert found.id == "chatcmpl-9"
    assert [m["role"] for m in found.messages] == ["system", "user", "assistant", "tool", "assistant"]
    assert found.messages[2]["tool_calls"][0]["function"] == {"name": "f", "arguments": '{"a":1}'}


def test_events_of_the_older_conventions() -> None:
    events = [
        {"name": "gen_ai.user.message", "attributes": [attribute("content", "Hi")]},
        {"name": "gen_ai.choice", "attributes": [attribute("message", json.dumps({"content": "Hello."}))]},
    ]
    assert one(frame(span(events=events))).messages == EXPECTED


def test_other_spans_are_passed_over() -> None:
    http = {"spanId": "1", "attributes": [attribute("http.method", "GET")]}
    tool = {"spanId": "2", "attributes": [attribute("gen_ai.operation.name", "execute_tool")]}
    assert read(frame(http, tool, span())) == [None, None, None]


@pytest.mark.parametrize(
    "row",
    [
        1,
        None,
        [],
        {},
        {"id": "a"},
        {"id": "a", "request": 3, "response": 4},
        {"id": "a", "request": {"messages": "hi"}, "response": {}},
        pair("a") | {"response": {"choices": []}},
        pair("a") | {"response": {"choices": [None]}},
        pair("a") | {"response": {"choices": [{"message": "x"}]}},
        pair("") | {"id": 5},
        pair("x" * 501),
    ],
)
def test_a_wrong_row_is_refused_alone(row: Any) -> None:
    found = read([row, pair("good")])
    assert isinstance(found[0], Unreadable)
    assert isinstance(found[1], Completion)


@pytest.mark.parametrize(
    "wrong",
    [
        {"attributes": 3},
        {"attributes": [attribute("gen_ai.input.messages", "[1]"), attribute("gen_ai.output.messages", "[2]")]},
        {"attributes": [attribute("gen_ai.input.messages", "[[[["), attribute("gen_ai.output.messages", "[]")]},
        {"attributes": [attribute("gen_ai.x", {"arrayValue": 4})]},
        {"events": 3},
    ],
)
def test_a_wrong_span_is_refused_alone(wrong: dict[str, Any]) -> None:
    good = span(
        attribute("gen_ai.input.messages", json.dumps([USER])),
        attribute("gen_ai.output.messages", json.dumps([ANSWER])),
    )
    bad = span() | wrong
    found = read(frame(bad, good))
    assert isinstance(found[0], Unreadable), found
    assert isinstance(found[1], Completion)


def test_an_attribute_that_is_too_deep_is_refused() -> None:
    value: dict[str, Any] = {"stringValue": "x"}
    for _ in range(60):
        value = {"arrayValue": {"values": [value]}}
    assert isinstance(read(frame(span(attribute("gen_ai.x", value))))[0], Unreadable)


@pytest.mark.parametrize(
    "sent",
    [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"resourceSpans": 3}', b'{"resourceSpans": [3]}', b'{"a": 1, "a": 2}'],
)
def test_a_body_that_is_neither_is_refused_whole(sent: bytes) -> None:
    with pytest.raises(Invalid):
        body.rows(sent)


def test_at_most_a_thousand() -> None:
    with pytest.raises(Invalid, match="At most 1,000"):
        body.rows(json.dumps([{}] * 1001).encode())
