"""Alpaca: ``instruction``, ``input``, ``output``, and what LLaMA-Factory has beside them.

That is ``system``, ``history``, and ``chosen`` and ``rejected`` in the place of one output.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.examples.chat import Refused
from app.examples.formats import json_lines, turns
from app.examples.formats.base import Format, Position, Row
from app.examples.rules import ParsedExample, parse_example

OWN = ("instruction", "input", "output", "response", "system", "history", "chosen", "rejected", "tools")


def parse(fields: dict[str, Any]) -> ParsedExample:
    """Instruction and input are one request, a line break between them. Raises Refused."""
    said = turns.system(fields.get("system"))
    for index, pair in enumerate(_history(fields.get("history"))):
        if not isinstance(pair, list) or len(pair) != 2:
            raise Refused(f"history.{index}: must be a list of a request and an answer")
        said += [turns.user(pair[0]), turns.assistant(pair[1])]
    said.append(turns.user(_request(fields)))
    found = json_lines.ours({name: value for name, value in fields.items() if name not in OWN})
    if "chosen" in fields:
        said += turns.answer(fields["chosen"], "chosen")
        found["non_preferred_output"] = turns.answer(fields.get("rejected"), "rejected")
    else:
        output = fields.get("output", fields.get("response"))
        if not isinstance(output, str) or not output.strip():
            raise Refused("output: is empty" if isinstance(output, str) else "output: must be text")
        said.append(turns.assistant(output))
    return parse_example(found | {"messages": said, "tools": fields.get("tools")})


def _history(value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise Refused("history: must be a list of pairs")
    return value


def _request(fields: dict[str, Any]) -> str:
    parts = [fields.get("instruction"), fields.get("input")]
    for name, part in zip(("instruction", "input"), parts, strict=True):
        if part is not None and not isinstance(part, str):
            raise Refused(f"{name}: must be text")
    said = "\n".join(part for part in parts if part and part.strip())
    if not said:
        raise Refused("instruction: is empty")
    return said


def rows(path: Path, mapping: dict[str, Any] | None, at: Position) -> Iterator[Row]:
    """Every line that is not blank. ``mapping`` has no meaning here."""
    return json_lines.rows(path, at, parse)


FORMAT = Format("alpaca", "Alpaca", rows)
