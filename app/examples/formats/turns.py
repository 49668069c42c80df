"""What formats of other tools have in common: texts as messages, two answers to one prompt, templates. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from app.examples.chat import Refused

PLACE = re.compile(r"\{\{-?\s*([\w.]{1,100})\s*-?\}\}")


def user(text: Any) -> dict[str, Any]:
    return {"role": "user", "content": text}


def assistant(text: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def system(text: Any) -> list[dict[str, Any]]:
    """A system message, or none where there is nothing to say."""
    return [{"role": "system", "content": text}] if isinstance(text, str) and text.strip() else []


def messages(value: Any) -> list[dict[str, Any]] | None:
    """A list of messages with roles, also one that stands alone in a list; None for anything else."""
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        value = value[0]
    if isinstance(value, list) and value and all(isinstance(one, dict) and "role" in one for one in value):
        return written(value)
    return None


def written(said: list[Any]) -> list[Any]:
    """The messages with the arguments of calls as JSON text, where TRL and others hold them as objects."""
    if not any(isinstance(one, dict) and one.get("tool_calls") for one in said):
        return said
    return [
        _with_text(one) if isinstance(one, dict) and isinstance(one.get("tool_calls"), list) else one for one in said
    ]


def _with_text(message: dict[str, Any]) -> dict[str, Any]:
    calls = []
    for call in message["tool_calls"]:
        function = fields(call.get("function")) if isinstance(call, dict) else {}
        if isinstance(function.get("arguments"), dict):
            call = {**call, "function": {**function, "arguments": orjson.dumps(function["arguments"]).decode()}}
        calls.append(call)
    return {**message, "tool_calls": calls}


def answer(value: Any, at: str) -> list[dict[str, Any]]:
    """An answer given as text, as a message, or as a list of messages. Raises Refused."""
    if isinstance(value, str):
        return [assistant(value)]
    if isinstance(value, dict):
        value = [value]
    found = messages(value)
    if found is None:
        raise Refused(f"{at}: must be text or a list of messages")
    return found


def without_start(whole: Sequence[Any], start: Sequence[Any]) -> list[Any]:
    """``whole`` without ``start`` where it begins with it: tools differ in repeating the prompt before an answer."""
    return list(whole[len(start) :]) if list(whole[: len(start)]) == list(start) else list(whole)


def fields(value: Any) -> dict[str, Any]:
    """An object, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def text(value: Any) -> str:
    """A cell as text: several lines for a list of texts, JSON for what has parts, nothing for null."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return "\n".join(value)
    return orjson.dumps(value, default=str).decode()


def filled(template: str, values: Mapping[str, Any]) -> str:
    """``{{name}}`` and ``{{item.name}}`` replaced by values; what has none stays. No logic: other tools' templates
    come with the file, from anybody."""

    def value_of(match: re.Match[str]) -> str:
        found: Any = values
        for name in match[1].split("."):
            if not isinstance(found, Mapping) or name not in found:
                return match[0]
            found = found[name]
        return text(found)

    return PLACE.sub(value_of, template)
