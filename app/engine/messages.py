"""Chat messages: the checks that training rows and chat requests share, and the form that templates want."""

import json
from typing import Any

ROLES = ("system", "developer", "user", "assistant", "tool")


class BadMessage(ValueError):
    """A message that cannot be used; the text names the field."""


def check_message(message: Any, where: str) -> None:
    """Raise BadMessage unless ``message`` is an OpenAI chat message of text and tool calls."""
    if not isinstance(message, dict):
        raise BadMessage(f"{where} must be an object")
    role = message.get("role")
    if role not in ROLES:
        raise BadMessage(f"{where}.role must be one of {', '.join(ROLES)}, not {role!r}")
    calls = message.get("tool_calls")
    if calls is not None:
        _check_tool_calls(calls, role, f"{where}.tool_calls")
    content = message.get("content")
    if content is None:
        if role != "assistant" or not calls:
            raise BadMessage(f"{where}.content is missing")
    elif not isinstance(content, str):
        _check_parts(content, f"{where}.content")
    _check_text(text_of(content), f"{where}.content")
    if message.get("weight") not in (None, 0, 1):
        raise BadMessage(f"{where}.weight must be 0 or 1")


def _check_parts(content: Any, where: str) -> None:
    if not isinstance(content, list) or not content:
        raise BadMessage(f"{where} must be a string or a list of text parts")
    for index, part in enumerate(content):
        if not isinstance(part, dict) or part.get("type") != "text" or not isinstance(part.get("text"), str):
            raise BadMessage(f"{where}[{index}] must be a text part; this engine reads text only")


def _check_text(text: str, where: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadMessage(f"{where} holds half of a surrogate pair at character {error.start + 1}") from None


def _check_tool_calls(calls: Any, role: str, where: str) -> None:
    if role != "assistant":
        raise BadMessage(f"{where} is allowed on assistant messages only")
    if not isinstance(calls, list):
        raise BadMessage(f"{where} must be a list")
    for index, call in enumerate(calls):
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise BadMessage(f"{where}[{index}].function.name is missing")
        if not isinstance(function.get("arguments", ""), str):
            raise BadMessage(f"{where}[{index}].function.arguments must be a JSON string")


def text_of(content: Any) -> str:
    """The text of a message's content, its parts joined."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    return "".join(part["text"] for part in content)


def for_template(message: dict[str, Any]) -> dict[str, Any]:
    """A checked message as chat templates expect it: plain text, tool arguments as objects."""
    role = "system" if message["role"] == "developer" else message["role"]
    plain: dict[str, Any] = {"role": role, "content": text_of(message.get("content"))}
    if calls := message.get("tool_calls"):
        plain["tool_calls"] = [_call_for_template(call["function"]) for call in calls]
    for key in ("name", "tool_call_id"):
        if message.get(key):
            plain[key] = message[key]
    return plain


def _call_for_template(function: dict[str, Any]) -> dict[str, Any]:
    arguments = function.get("arguments") or "{}"
    try:
        parsed = json.loads(arguments)
    except ValueError:
        parsed = arguments  # kept as the text that it is
    return {"type": "function", "function": {"name": function["name"], "arguments": parsed}}
