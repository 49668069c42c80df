"""ShareGPT: ``conversations`` of turns with ``from`` and ``value``, or with ``role`` and ``content``.

The turns of LLaMA-Factory's dialect (``function_call``, ``observation``, ``system`` and ``tools`` beside them, and
``chosen`` and ``rejected``) are read too. Calls have no ids there: they are numbered.
"""

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from app.examples.chat import Refused
from app.examples.formats import json_lines, turns
from app.examples.formats.base import Format, Position, Row
from app.examples.rules import ParsedExample, parse_example
from app.examples.strict_json import parse_json

ROLES = {
    "human": "user", "user": "user", "prompter": "user",
    "gpt": "assistant", "assistant": "assistant", "chatgpt": "assistant", "bing": "assistant", "bard": "assistant",
    "model": "assistant", "claude": "assistant",
    "system": "system", "developer": "developer",
    "function_call": "call", "tool_call": "call",
    "observation": "tool", "tool": "tool", "tool_response": "tool", "function_response": "tool", "function": "tool",
}  # fmt: skip
OWN = ("conversations", "messages", "system", "tools", "chosen", "rejected")


def parse(fields: dict[str, Any]) -> ParsedExample:
    """Raises Refused naming the field and the reason."""
    name = "conversations" if "conversations" in fields else "messages"
    given = fields.get(name)
    if not isinstance(given, list) or not given:
        raise Refused(f"{name}: must be a list of turns")
    said = [*turns.system(fields.get("system")), *_messages(given, name)]
    found = json_lines.ours({name: value for name, value in fields.items() if name not in OWN})
    if fields.get("chosen") is not None:
        said += _messages([fields["chosen"]], "chosen")
        found["non_preferred_output"] = _messages([fields.get("rejected")], "rejected")
    return parse_example(found | {"messages": said, "tools": _tools(fields.get("tools"))})


def _messages(given: Sequence[Any], at: str) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = []
    waiting: list[str] = []  # ids of calls that no observation has answered yet
    numbers = itertools.count(1)
    for index, turn in enumerate(given):
        said.append(_message(turn, f"{at}.{index}", waiting, numbers))
    return said


def _message(turn: Any, at: str, waiting: list[str], numbers: Iterator[int]) -> dict[str, Any]:
    if not isinstance(turn, dict):
        raise Refused(f"{at}: must be an object with from and value")
    speaker, value = turn.get("from", turn.get("role")), turn.get("value", turn.get("content"))
    role = ROLES.get(speaker.casefold()) if isinstance(speaker, str) else None
    if role is None:
        raise Refused(f"{at}.from: must be one of {', '.join(ROLES)}")
    kept = {name: turn[name] for name in ("name", "weight", "tool_calls", "tool_call_id", "refusal") if name in turn}
    if "loss" in turn and "weight" not in kept:  # Axolotl, LLaMA-Factory
        kept["weight"] = int(bool(turn["loss"]))
    if role == "call":
        calls = _calls(value, at, numbers)
        waiting += [call["id"] for call in calls]
        return {"role": "assistant", "content": None, "tool_calls": calls, **kept}
    if role == "tool" and "tool_call_id" not in kept:
        kept["tool_call_id"] = waiting.pop(0) if waiting else f"call_{next(numbers)}"
    if role == "assistant" and isinstance(kept.get("tool_calls"), list):
        waiting += [call["id"] for call in kept["tool_calls"] if isinstance(call, dict) and "id" in call]
    return {"role": role, "content": value if isinstance(value, str | None) else turns.text(value), **kept}


def _calls(value: Any, at: str, numbers: Iterator[int]) -> list[dict[str, Any]]:
    """The calls in a function_call turn: an object with name and arguments, or several in a list."""
    if isinstance(value, str):
        try:
            value = parse_json(value)
        except Refused as error:
            raise Refused(f"{at}.value: a function call must be JSON with name and arguments") from error
    given = value if isinstance(value, list) else [value]
    if not given or not all(isinstance(one, dict) and isinstance(one.get("name"), str) for one in given):
        raise Refused(f"{at}.value: a function call must be JSON with name and arguments")
    return [
        {
            "id": f"call_{next(numbers)}",
            "type": "function",
            "function": {"name": one["name"], "arguments": _arguments(one.get("arguments", {}))},
        }
        for one in given
    ]


def _arguments(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _tools(value: Any) -> Any:
    """Tools as a list; as the JSON text of one; of bare functions or of OpenAI's objects."""
    if isinstance(value, str):
        value = parse_json(value) if value.strip() else None
    if not isinstance(value, list):
        return value or None
    return [
        {"type": "function", "function": one}
        if isinstance(one, dict) and "function" not in one and "name" in one
        else one
        for one in value
    ]


def rows(path: Path, mapping: dict[str, Any] | None, at: Position) -> Iterator[Row]:
    """Every line that is not blank. ``mapping`` has no meaning here."""
    return json_lines.rows(path, at, parse)


FORMAT = Format("sharegpt", "ShareGPT", rows)
