"""IFEval's own files: ``key``, ``prompt``, ``instruction_id_list``, ``kwargs`` (arXiv:2311.07911).

Nobody answers in them: what is expected are the instructions, which the grader ``instructions`` checks. The groups of
the instructions become tags, so that a comparison can be cut by them.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.core.instructions import FIELDS, WrongInstruction
from app.core.instructions import parse as parse_instructions
from app.examples.chat import Refused
from app.examples.formats import json_lines, turns
from app.examples.formats.base import Format, Position, Row
from app.examples.rules import ParsedExample, parse_example


def parse(fields: dict[str, Any]) -> ParsedExample:
    """Raises Refused, naming the field as it stands in the file."""
    prompt = fields.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        raise Refused("prompt: must be text that is not empty")
    try:
        asked = parse_instructions(fields.get("instruction_id_list"), fields.get("kwargs"))
    except WrongInstruction as error:
        raise Refused(str(error)) from error
    kwargs = [one.kind.model_dump() for one in asked]
    expected = {"instruction_id_list": [one.id for one in asked], "kwargs": kwargs}
    found = json_lines.ours(
        {name: value for name, value in fields.items() if name not in ("prompt", "expected", *FIELDS)}
    )
    groups = [one.group.replace("_", "-") for one in asked]
    return parse_example(found | {"messages": [turns.user(prompt)], "expected": expected}, tags=groups)


def rows(path: Path, mapping: dict[str, Any] | None, at: Position) -> Iterator[Row]:
    """Every line that is not blank. ``mapping`` has no meaning here."""
    return json_lines.rows(path, at, parse)


FORMAT = Format("ifeval", "IFEval", rows)
