"""Label Studio's JSON export: tasks with annotations and predictions; JSON-MIN, where all of it is flat, too.

A task's data and what people said of it become columns: the result of the control ``intent`` is the column
``annotation: intent``, a model's is ``prediction: intent``. Where several people annotated a task, the one that is
marked as ground truth counts, or else the first; all of them are kept as metadata, and where two differ the example
is tagged ``annotators-differ``.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from app.examples.chat import Refused
from app.examples.formats import json_lines, turns
from app.examples.formats.base import Format, Position, Row, Table
from app.examples.formats.json_lines import Fields
from app.examples.formats.json_table import cells_of, mapping_for, parser, sketch
from app.examples.formats.mapped import Beside

VALUES = ("choices", "text", "taxonomy", "labels", "rating", "number", "selected")
DIFFER = "annotators-differ"
AGREE = "annotation: agreement"


def split(fields: Fields) -> tuple[Fields, Beside]:
    """(the task's cells, what is kept beside them). Raises Refused."""
    data = fields.get("data")
    if data is None and "annotation_id" in fields:
        return fields, Beside(metadata=fields, open=True)
    if not isinstance(data, dict):
        raise Refused("data: must be an object with the task's fields")
    given = [one for one in _list(fields, "annotations", "completions") if not one.get("was_cancelled")]
    chosen = next((one for one in given if one.get("ground_truth")), given[0] if given else {})
    guesses = _list(fields, "predictions")
    cells = dict(data) | _results(chosen, "annotation")
    cells |= _results(guesses[0] if guesses else {}, "prediction")
    if any(_results(one, "annotation") != _results(chosen, "annotation") for one in given):
        cells[AGREE] = [DIFFER]
    kept = {name: value for name, value in fields.items() if name != "data"}
    return cells, Beside(metadata=data | {"label_studio": kept}, open=True)


def _list(fields: Fields, *names: str) -> Sequence[Fields]:
    value: Any = next((fields[name] for name in names if name in fields), [])
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _results(annotation: Fields, prefix: str) -> Fields:
    """``{"annotation: intent": "billing"}``; several choices as one text with commas between them."""
    found: Fields = {}
    for result in _list(annotation, "result"):
        value = turns.fields(result.get("value"))
        kind = next((name for name in VALUES if name in value), None)
        if kind is not None and isinstance(result.get("from_name"), str):
            found[f"{prefix}: {result['from_name']}"] = _one(value[kind])
    return found


def _one(value: Any) -> Any:
    if isinstance(value, list):
        return "\n".join(value) if len(value) == 1 and isinstance(value[0], str) else ", ".join(map(turns.text, value))
    return value


def table(path: Path) -> Table | None:
    return sketch(cells_of(split, path))


def rows(path: Path, mapping: dict[str, Any] | None, at: Position) -> Iterator[Row]:
    chosen = mapping_for(table(path), mapping, needed=False)
    if chosen is not None and AGREE not in chosen.tags:
        chosen = chosen.model_copy(update={"tags": [*chosen.tags, AGREE]})
    return json_lines.rows(path, at, parser(split, chosen))


FORMAT = Format("label_studio", "Label Studio", rows, table)
