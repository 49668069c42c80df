"""TRL's conversational form: ``messages`` and ``tools``, or ``prompt``, ``chosen`` and ``rejected`` for DPO.

Chat templates want a call's arguments as an object where OpenAI has JSON text: a template that writes them as JSON
would otherwise write the text of a text.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.datasets.formats.base import CannotHold, Record, Writer, json_lines
from app.datasets.formats.turns import answers, arguments, plain
from app.datasets.rules import in_order, sorted_keys


def line(record: Record, paired: bool) -> dict[str, Any]:
    row: dict[str, Any]
    if paired:
        prompt, preferred, other = answers(record)
        row = {"prompt": _messages(prompt), "chosen": _messages(preferred), "rejected": _messages(other)}
    else:
        row = {"messages": _messages(record.messages)}
    if record.tools:
        row["tools"] = [sorted_keys(tool) for tool in record.tools]
    return row


def _messages(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [_message(message) for message in messages]


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    plain({name: value for name, value in message.items() if name != "name"})
    content = message.get("content")
    if isinstance(content, list):
        raise CannotHold("has a message with parts that are not plain text")
    if message.get("refusal"):
        raise CannotHold("has a refusal, which is a field of its own")
    kept = in_order({name: value for name, value in message.items() if name not in ("weight", "tool_calls")})
    if message.get("tool_calls"):
        kept["tool_calls"] = [_call(call) for call in message["tool_calls"]]
    return kept


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    """Fields in a fixed order; the arguments in the order in which the model is to write them."""
    said: dict[str, Any] = dict(call["function"])
    function = {name: sorted_keys(said[name]) for name in sorted(said) if name != "arguments"}
    rest = {name: sorted_keys(call[name]) for name in sorted(call) if name != "function"}
    return rest | {"function": function | {"arguments": arguments(said)}}


WRITER = Writer(
    "trl",
    "TRL",
    "jsonl",
    "application/jsonl",
    json_lines(line),
    holds="messages, tools and both answers; arguments of tool calls as objects",
    limits="text only; no weights; none of our fields",
    check=line,
)
