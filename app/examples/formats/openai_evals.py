"""What leaves OpenAI's evals console and API: data source items, output items of runs, runs, evals with graders.

An item becomes an example and keeps all its fields as metadata under their own names, so that graders written for it
(``{{item.reference}}``) find them. A run's output and its grades are kept under ``openai_evals``. Evals and runs are
definitions: the graders in them (``testing_criteria``) are reported. The open-source registry's ``input`` and
``ideal`` are read too.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.examples.chat import ROLES, Refused
from app.examples.formats import json_lines, turns
from app.examples.formats.base import Format, Position, Row, Table
from app.examples.formats.json_lines import Definition, Fields
from app.examples.formats.json_table import cells_of, mapping_for, parser, sketch
from app.examples.formats.mapped import Beside
from app.examples.rules import text_of
from app.examples.shapes import spread

CONVERSATIONS = ("messages", "input", "conversation", "prompt")  # fields of an item that may hold one
PARTS = {"input_text": "text", "output_text": "text"}


def split(fields: Fields) -> tuple[Fields, Beside] | Definition:
    """(the item's fields, what stands beside them), or what the line defines. Raises Refused."""
    if "testing_criteria" in fields or fields.get("object") == "eval":
        graders = fields.get("testing_criteria")
        return Definition(graders if isinstance(graders, list) else ())
    item = fields.get("item", fields.get("datasource_item"))
    if item is None and "ideal" in fields:
        item = fields
    if item is None and "data_source" in fields:
        return Definition()
    if not isinstance(item, dict):
        raise Refused("item: must be an object")
    sample = turns.fields(fields.get("sample"))
    rest = {name: value for name, value in fields.items() if name not in ("item", "datasource_item")}
    kept = {} if item is fields else {name: value for name, value in rest.items() if value is not None}
    beside = Beside(
        conversation=_conversation(fields, item, sample),
        metadata=item | ({"openai_evals": kept} if kept else {}),
        tools=_tools(item, sample),
        output=output_text(sample),
        open=True,
    )
    return item, beside


def _conversation(fields: Fields, item: Fields, sample: Fields) -> list[dict[str, Any]] | None:
    """As the run sent it; as the run's template makes it; as it stands in the item; None where it is to be mapped."""
    sent = turns.messages(sample.get("input"))
    template = turns.messages(fields.get("template"))
    found = sent or next((said for name in CONVERSATIONS if (said := turns.messages(item.get(name)))), None)
    if not sent and template:
        values = {"item": item} | item
        found = [{**one, "content": turns.filled(_text(one.get("content")), values)} for one in template]
    return [_message(one) for one in found] if found else None


def _message(given: dict[str, Any]) -> dict[str, Any]:
    """A message of the responses API as one of chat: a single part is its text, and there is no ``type``."""
    kept = {name: value for name, value in given.items() if name != "type" and value is not None}
    content = kept.get("content")
    if isinstance(content, dict) or (isinstance(content, list) and any(_is_part(one) for one in content)):
        kept["content"] = _text(content)
    if kept.get("role") not in ROLES:
        raise Refused(f"sample.input: a message has the role “{str(kept.get('role'))[:40]}”")
    return kept


def _is_part(value: Any) -> bool:
    return isinstance(value, dict) and value.get("type") in PARTS


def _text(content: Any) -> str:
    parts = [content] if isinstance(content, dict) else content
    if isinstance(parts, list):
        return "\n".join(turns.text(part.get("text") if isinstance(part, dict) else part) for part in parts)
    return turns.text(content)


def _tools(item: Fields, sample: Fields) -> Any:
    tools = item.get("tools", sample.get("tools"))
    good = isinstance(tools, list) and all(isinstance(one, dict) and "function" in one for one in tools)
    return tools if good else None


def output_text(sample: Fields) -> str:
    """The text that the model gave: of an output item, of a stored sample, of a chat completion."""
    if isinstance(sample.get("output_text"), str):
        return str(sample["output_text"])
    said = turns.messages(sample.get("output")) or []
    choices = sample.get("choices")
    if not said and isinstance(choices, list) and choices and isinstance(choices[0], dict):
        said = [choices[0].get("message") or {}]
    texts = [_text(one.get("content")) if _is_part(one.get("content")) else text_of(one.get("content")) for one in said]
    return "\n".join(text for text in texts if text)


def table(path: Path) -> Table | None:
    return sketch(cells_of(_spread_and_split, path))


def _spread_and_split(fields: Fields) -> tuple[Fields, Beside] | Definition:
    """Of a run with its data on one line: its first item."""
    found = [split(one) for one in spread(fields)]
    return next((one for one in found if not isinstance(one, Definition)), found[0])


def rows(path: Path, mapping: dict[str, Any] | None, at: Position) -> Iterator[Row]:
    """A run on one line makes several rows."""
    chosen = mapping_for(table(path), mapping, needed=False)
    return json_lines.rows(path, at, parser(split, chosen), spread)


FORMAT = Format("openai_evals", "OpenAI evals", rows, table)
