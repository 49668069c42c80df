"""Pairs of answers to one prompt: OpenAI's preference format, and TRL's ``prompt``, ``chosen``, ``rejected``."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.examples.chat import Refused
from app.examples.formats import json_lines, turns
from app.examples.formats.base import Format, Position, Row
from app.examples.rules import ParsedExample, parse_example

OPENAI = ("input", "preferred_output", "non_preferred_output")
TRL = ("prompt", "chosen", "rejected", "system")


def parse(fields: dict[str, Any]) -> ParsedExample:
    """The preferred answer ends the conversation; the other one stands beside it. Raises Refused."""
    if "messages" in fields:
        return parse_example(fields)  # our own line, with ``non_preferred_output``
    if "preferred_output" in fields:
        return _openai(fields)
    if "chosen" in fields:
        return _trl(fields)
    raise Refused("preferred_output: is missing")


def _openai(fields: dict[str, Any]) -> ParsedExample:
    asked = fields.get("input")
    if not isinstance(asked, dict):
        raise Refused("input: must be an object with messages")
    prompt = turns.messages(asked.get("messages"))
    if prompt is None:
        raise Refused("input.messages: must be a list of messages")
    rest = {name: value for name, value in fields.items() if name not in OPENAI}
    kept = {name: value for name, value in asked.items() if name not in ("messages", "tools")}
    preferred = turns.answer(fields["preferred_output"], "preferred_output")
    return parse_example(
        json_lines.ours(kept | rest)
        | {
            "messages": [*prompt, *preferred],
            "tools": asked.get("tools"),
            "non_preferred_output": turns.answer(fields.get("non_preferred_output"), "non_preferred_output"),
        }
    )


def _trl(fields: dict[str, Any]) -> ParsedExample:
    prompt = _prompt(fields)
    chosen, rejected = (turns.answer(fields[name], name) for name in ("chosen", "rejected"))
    if not prompt:  # the whole conversation stands in both
        shared = 0
        while shared < min(len(chosen), len(rejected)) and chosen[shared] == rejected[shared]:
            shared += 1
        prompt = chosen[:shared]
    chosen, rejected = (turns.without_start(one, prompt) for one in (chosen, rejected))
    tools = fields.get("tools")
    rest = {name: value for name, value in fields.items() if name not in (*TRL, "tools")}
    return parse_example(
        json_lines.ours(rest) | {"messages": [*prompt, *chosen], "tools": tools, "non_preferred_output": rejected}
    )


def _prompt(fields: dict[str, Any]) -> list[dict[str, Any]]:
    asked = fields.get("prompt")
    if asked is None:
        return []
    said = turns.messages(asked)
    if said is None and not isinstance(asked, str):
        raise Refused("prompt: must be text or a list of messages")
    return [*turns.system(fields.get("system")), *(said if said is not None else [turns.user(asked)])]


def rows(path: Path, mapping: dict[str, Any] | None, at: Position) -> Iterator[Row]:
    """Every line that is not blank. ``mapping`` has no meaning here."""
    return json_lines.rows(path, at, parse)


FORMAT = Format("openai_preference", "Preference pairs (OpenAI, TRL)", rows)
