"""A row of named cells as an example, by a mapping. Cells are texts, or whatever JSON holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.examples.chat import BEHAVIORS, Refused
from app.examples.formats import turns
from app.examples.formats.columns import ColumnMapping
from app.examples.rules import ParsedExample, parse_example

Cells = Mapping[str, Any]
MODEL_OUTPUT = "model-output"  # tag of an answer that a model gave and nobody has judged yet


@dataclass(frozen=True)
class Beside:
    """What a row has besides its cells.

    ``conversation`` stands for the request where the row holds one. ``metadata`` is all that is kept; without it the
    cells that the mapping does not name. ``output`` is a model's answer, which comes in as the answer to judge where
    the row says none (tagged ``model-output``). ``open``: a row that says no answer at all is still taken.
    """

    conversation: Sequence[Any] | None = None
    metadata: Mapping[str, Any] | None = None
    tools: Any = None
    output: str = ""
    expected: Mapping[str, Any] = field(default_factory=dict)
    open: bool = False


def example_of(cells: Cells, mapping: ColumnMapping, beside: Beside | None = None) -> ParsedExample:
    """Raises Refused naming the column and the reason."""
    beside = beside or Beside()
    asked = [*turns.system(mapping.system), *_request(cells, mapping, beside)]
    label = turns.text(cells.get(mapping.label)).strip() if mapping.label else ""
    answer = _answer(cells, mapping, beside, label)
    behavior = _behavior(cells, mapping.behavior)
    expected = dict(beside.expected) | ({"label": label} if label else {})
    tags = [tag for column in mapping.tags for tag in _split(cells.get(column))]
    if not answer and not expected and not behavior and beside.open:
        answer, tags = _fallback(beside, tags)
        behavior = None if answer else "answer"
    return parse_example(
        {
            "messages": [*asked, *answer],
            "tools": beside.tools,
            "expected": expected or None,
            "behavior": behavior,
            "tags": tags,
            "group": turns.text(cells.get(mapping.group)).strip() if mapping.group else None,
            "metadata": _metadata(cells, mapping, beside),
        }
    )


def _request(cells: Cells, mapping: ColumnMapping, beside: Beside) -> list[Any]:
    if beside.conversation is not None:
        return list(beside.conversation)
    value = cells.get(mapping.user)
    said = turns.messages(value)
    return said if said is not None else [turns.user(_filled(cells, mapping.user))]


def _answer(cells: Cells, mapping: ColumnMapping, beside: Beside, label: str) -> list[Any]:
    """The answer's messages; without an answer the label is it."""
    if mapping.assistant:
        value = cells.get(mapping.assistant)
        said = turns.messages(value)
        if said is not None:
            return said
        text = turns.text(value)
        if text.strip():
            return [turns.assistant(text)]
        if not beside.open:
            raise Refused(f"column “{mapping.assistant}”: is empty")
    if mapping.label and not label and not beside.open:
        raise Refused(f"column “{mapping.label}”: is empty")
    return [turns.assistant(label)] if label else []


def _fallback(beside: Beside, tags: list[str]) -> tuple[list[Any], list[str]]:
    if not beside.output.strip():
        return [], tags
    return [turns.assistant(beside.output)], [*tags, MODEL_OUTPUT]


def _metadata(cells: Cells, mapping: ColumnMapping, beside: Beside) -> dict[str, Any]:
    if beside.metadata is not None:
        return dict(beside.metadata)
    used = {mapping.user, mapping.assistant, mapping.label, mapping.behavior, mapping.group, *mapping.tags}
    return {name: value for name, value in cells.items() if name not in used and value not in (None, "")}


def _filled(cells: Cells, column: str) -> str:
    text = turns.text(cells.get(column))
    if not text.strip():
        raise Refused(f"column “{column}”: is empty")
    return text


def _behavior(cells: Cells, column: str | None) -> str | None:
    word = turns.text(cells.get(column)).strip().casefold() if column else ""
    if word and word not in BEHAVIORS:
        raise Refused(f"column “{column}”: must be one of {', '.join(BEHAVIORS)}, not “{word[:40]}”")
    return word or None


def _split(cell: Any) -> list[str]:
    if isinstance(cell, list):
        return [turns.text(one) for one in cell]
    return [tag for tag in turns.text(cell).replace(";", ",").replace("|", ",").split(",") if tag.strip()]
