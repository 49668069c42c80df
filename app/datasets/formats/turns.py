"""Conversations for formats that know less than OpenAI's: each part that has no place is refused by name. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from app.datasets.formats.base import CannotHold, Record

Message = Mapping[str, Any]


def answers(record: Record) -> tuple[Sequence[Message], Sequence[Message], Sequence[Message]]:
    """(prompt, preferred answer, non-preferred answer) of a record that has both. Raises CannotHold."""
    if not record.non_preferred:
        raise CannotHold("has no answer that was not preferred")
    if record.messages[-1].get("role") != "assistant":
        raise CannotHold("does not end with an answer")
    return record.messages[:-1], record.messages[-1:], record.non_preferred


def system_and_turns(messages: Sequence[Message]) -> tuple[str | None, Sequence[Message]]:
    """The text of a leading system message, and the turns after it. Raises CannotHold for one further on."""
    system = None
    if messages and messages[0].get("role") == "system":
        system, messages = text(messages[0], "the system message"), messages[1:]
    for message in messages:
        if message.get("role") in ("system", "developer"):
            raise CannotHold(f"has a {message['role']} message, which only a first system message can be")
    return system, messages


def text(message: Message, which: str = "a message") -> str:
    """The content of a message that is plain text and nothing else. Raises CannotHold."""
    if message.get("tool_calls"):
        raise CannotHold("calls tools")
    if message.get("refusal"):
        raise CannotHold("has a refusal, which is a field of its own")
    plain(message)
    content = message.get("content")
    if not isinstance(content, str):
        raise CannotHold(f"{which} has parts that are not plain text")
    return content


def plain(message: Message) -> None:
    """Refuse what only OpenAI's format has a field for. A weight of 1 is the default everywhere."""
    if message.get("weight") == 0:
        raise CannotHold("leaves an answer out of the loss (weight 0)")
    if message.get("name"):
        raise CannotHold("names who speaks (name)")
    known = ("role", "content", "refusal", "tool_calls", "tool_call_id", "weight", "name")
    other = next((field for field in message if field not in known), None)
    if other is not None:
        raise CannotHold(f"has a field “{other[:40]}” in a message")


def arguments(function: Mapping[str, Any]) -> dict[str, Any]:
    """A call's arguments as an object. Raises CannotHold where the text is none, or would not come back the same."""
    try:
        found = orjson.loads(function.get("arguments") or "{}")
    except orjson.JSONDecodeError as error:
        raise CannotHold(f"calls {function['name']} with arguments that are not JSON") from error
    if not isinstance(found, dict):
        raise CannotHold(f"calls {function['name']} with arguments that are not an object")
    return found
