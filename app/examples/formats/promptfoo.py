"""Promptfoo's tests: ``vars`` and ``assert``, from YAML, JSON, JSONL, a whole configuration, or promptfoo's CSV.

Variables become columns. The request is the prompt of the configuration with the variables put in, where the file has
exactly one prompt; else a variable that a mapping names. An ``equals`` says the expected answer, an ``is-refusal``
that it is to be refused; all assertions are kept as metadata.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from app.examples.chat import Refused
from app.examples.formats import json_lines, promptfoo_csv, turns
from app.examples.formats.base import Format, Position, Row, Table
from app.examples.formats.json_lines import Fields
from app.examples.formats.json_table import LOOK_ROWS, cells_of, mapping_for, parser, sketch
from app.examples.formats.mapped import Beside
from app.examples.strict_json import parse_json


def split(fields: Fields) -> tuple[Fields, Beside]:
    """(the test's variables, what stands beside them). Raises Refused."""
    given = fields.get("vars", {})
    if not isinstance(given, dict):
        raise Refused("vars: must be an object; a test whose variables stand in another file cannot be read")
    checks = fields.get("assert") or []
    if not isinstance(checks, list):
        raise Refused("assert: must be a list")
    own = turns.fields(fields.get("metadata"))
    rest = {name: value for name, value in fields.items() if name not in ("vars", "metadata") and value}
    expected = _expected([check for check in checks if isinstance(check, dict)])
    kept = given | own | ({"promptfoo": rest} if rest else {})
    return given, Beside(_conversation(fields.get("prompt_template"), given), kept, expected=expected, open=True)


def _conversation(template: Any, values: Fields) -> list[dict[str, Any]] | None:
    """The prompt with its variables; a prompt that is JSON is a list of messages."""
    if not isinstance(template, str):
        return None
    text = turns.filled(template, values)
    try:
        said = turns.messages(parse_json(text))
    except Refused:
        said = None
    return said or [turns.user(text)]


def _expected(checks: list[Fields]) -> Fields:
    found: Fields = {}
    for check in checks:
        kind, value = check.get("type"), check.get("value")
        if kind == "equals" and isinstance(value, str) and value.strip():
            found.setdefault("text", value)
        elif kind == "equals" and isinstance(value, dict | list):
            found.setdefault("json", value)
        elif kind == "is-refusal":
            found["behavior"] = "refuse"
    return found


def table(path: Path) -> Table | None:
    if promptfoo_csv.is_one(path):
        return sketch(
            test["vars"] for _record, test in islice(promptfoo_csv.tests(path, Position()), LOOK_ROWS) if test
        )
    return sketch(cells_of(split, path))


def rows(path: Path, mapping: dict[str, Any] | None, at: Position) -> Iterator[Row]:
    parse = parser(split, mapping_for(table(path), mapping, needed=False))
    return promptfoo_csv.rows(path, at, parse) if promptfoo_csv.is_one(path) else json_lines.rows(path, at, parse)


FORMAT = Format("promptfoo", "promptfoo tests", rows, table)
