"""Argilla's records: ``fields``, ``responses``, ``suggestions``; of version 1 (lists) and 2 (by question).

Fields become columns, and so do answers: ``response: label`` is the first submitted one, ``suggestion: label`` what a
model proposed. All of it is kept as metadata. The flat columns of ``to_datasets`` and of the hub (``label.responses``,
``label.suggestion``) are put together again first; there fields and metadata stand side by side, and both are columns.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.examples.chat import Refused
from app.examples.formats import json_lines, turns
from app.examples.formats.base import Format, Position, Row, Table
from app.examples.formats.json_lines import Fields
from app.examples.formats.json_table import cells_of, mapping_for, parser, sketch
from app.examples.formats.mapped import Beside
from app.examples.shapes import is_flat_argilla

OF_RECORD = ("id", "status", "_server_id")
FLAT = (
    "responses", "responses.users", "responses.status", "suggestion", "suggestion.score", "suggestion.agent",
)  # fmt: skip
SUGGESTED = {"value": "", "score": ".score", "agent": ".agent"}


def split(fields: Fields) -> tuple[Fields, Beside]:
    """(the record's cells, what is kept beside them). Raises Refused."""
    fields = _put_together(fields) if is_flat_argilla(fields) else fields
    own = fields.get("fields")
    if not isinstance(own, dict):
        raise Refused("fields: must be an object")
    cells = dict(own) | _suggestions(fields.get("suggestions")) | _responses(fields.get("responses"))
    metadata = turns.fields(fields.get("metadata"))
    kept = {name: value for name, value in fields.items() if name not in ("fields", "metadata", "vectors") and value}
    conversation = next((said for value in own.values() if (said := turns.messages(value))), None)
    return cells, Beside(conversation, own | metadata | ({"argilla": kept} if kept else {}), open=True)


def _put_together(flat: Fields) -> Fields:
    """The record that flat columns were made of. Raises Refused."""
    questions = {name.rsplit(".", 1)[0]: None for name in flat if name.endswith((".responses", ".suggestion"))}
    taken = {f"{question}.{part}" for question in questions for part in FLAT}
    own = {name: value for name, value in flat.items() if name not in taken and name not in OF_RECORD}
    suggested = {
        question: {part: flat.get(f"{question}.suggestion{end}") for part, end in SUGGESTED.items()}
        for question in questions
        if flat.get(f"{question}.suggestion") is not None
    }
    answers = {question: _answers(flat, question) for question in questions if flat.get(f"{question}.responses")}
    return {name: flat.get(name) for name in OF_RECORD} | {
        "fields": own,
        "responses": answers,
        "suggestions": suggested,
    }


def _answers(flat: Fields, question: str) -> list[Fields]:
    values, users, states = (flat.get(f"{question}.{part}") for part in FLAT[:3])
    if not isinstance(values, list):
        raise Refused(f"{question}.responses: must be a list")
    who, state = (given if isinstance(given, list) else [] for given in (users, states))
    return [
        {"value": value, "user_id": person, "status": status or "submitted"}
        for value, person, status in itertools.islice(itertools.zip_longest(values, who, state), len(values))
    ]


def _responses(given: Any) -> Fields:
    found: Fields = {}
    if isinstance(given, dict):  # version 2: {"label": [{"value": …, "user_id": …, "status": "submitted"}]}
        for question, answers in given.items():
            values = [one for one in answers if isinstance(one, dict)] if isinstance(answers, list) else []
            taken = [one for one in values if one.get("status", "submitted") == "submitted"]
            if taken and taken[0].get("value") is not None:
                found[f"response: {question}"] = taken[0]["value"]
    elif isinstance(given, list):  # version 1: [{"values": {"label": {"value": …}}, "status": "submitted"}]
        for response in reversed([one for one in given if isinstance(one, dict)]):
            if response.get("status", "submitted") == "submitted":
                said = turns.fields(response.get("values"))
                found |= {f"response: {name}": _value(value) for name, value in said.items()}
    return found


def _suggestions(given: Any) -> Fields:
    if isinstance(given, dict):
        return {f"suggestion: {name}": _value(value) for name, value in given.items() if _value(value) is not None}
    if not isinstance(given, list):
        return {}
    named = [one for one in given if isinstance(one, dict) and one.get("value") is not None]
    names = [one.get("question_name", one.get("question", one.get("question_id"))) for one in named]
    return {f"suggestion: {name}": one["value"] for name, one in zip(names, named, strict=True)}


def _value(given: Any) -> Any:
    return given.get("value") if isinstance(given, dict) else given


def table(path: Path) -> Table | None:
    return sketch(cells_of(split, path))


def rows(path: Path, mapping: dict[str, Any] | None, at: Position) -> Iterator[Row]:
    chosen = mapping_for(table(path), mapping, needed=False)
    return json_lines.rows(path, at, parser(split, chosen))


FORMAT = Format("argilla", "Argilla", rows, table)
