"""What other containers make of a chat row, undone: JSON written as text in a column, arguments of calls as objects.

Parquet and tables hold ``messages`` and their like as JSON text, so that no row forces another's shape; TRL's rows have
a call's arguments as an object, which is what chat templates want.
"""

from typing import Any

import orjson

from app.examples.strict_json import parse_json

JSON_TEXT = ("messages", "tools", "non_preferred_output", "expected", "metadata")
CONVERSATIONS = ("messages", "prompt", "chosen", "rejected", "non_preferred_output")


def restored(fields: dict[str, Any]) -> dict[str, Any]:
    """The row as a line of OpenAI's format has it. What is neither is left alone; raises Refused for broken JSON."""
    found = dict(fields)
    for name in JSON_TEXT:
        value = found.get(name)
        if isinstance(value, str) and value[:1] in ("[", "{"):
            found[name] = parse_json(value)
    for name in CONVERSATIONS:
        if isinstance(found.get(name), list):
            found[name] = [_message(message) for message in found[name]]
    return found


def _message(message: Any) -> Any:
    calls = message.get("tool_calls") if isinstance(message, dict) else None
    return message | {"tool_calls": [_call(call) for call in calls]} if isinstance(calls, list) else message


def _call(call: Any) -> Any:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("arguments"), dict):
        return call
    return call | {"function": function | {"arguments": orjson.dumps(function["arguments"]).decode()}}
