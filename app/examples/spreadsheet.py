"""Our own CSV: the columns of a table that people open in a spreadsheet, and the way back. Pure.

A spreadsheet runs a cell that looks like a formula. Such a cell gets an apostrophe in front, as OWASP advises; numbers
stay numbers. ``neutral`` and ``original`` are each other's inverse for every text, so nothing is lost on the way back.
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from app.examples.chat import Refused

COLUMNS = (
    "system", "user", "assistant", "label", "behavior", "tags", "group", "source",
    "messages", "tools", "non_preferred_output", "expected", "metadata",
)  # fmt: skip
JSON_COLUMNS = ("tags", "messages", "tools", "non_preferred_output", "expected", "metadata")
MARK = "'"
# what spreadsheets take for the beginning of a formula, full-width forms (which some fold) included
_STARTS = "=+-@＝＋－＠"
_BREAKS = "\t\r\n"
_INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad"
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d+)*|[.,]\d+)([eE][+-]?\d+)?%?", re.ASCII)


def neutral(text: str) -> str:
    """The text as a cell that no spreadsheet runs."""
    return MARK + text if _would_run(text.lstrip(MARK)) else text


def original(cell: str) -> str:
    """What ``neutral`` made the cell of."""
    return cell[1:] if cell.startswith(MARK) and _would_run(cell.lstrip(MARK)) else cell


def _would_run(text: str) -> bool:
    if not text or _NUMBER.fullmatch(text):
        return False
    if text[0] in _BREAKS:
        return True
    seen = text.lstrip().lstrip(_INVISIBLE).lstrip()
    return seen.startswith(tuple(_STARTS))


def fields(cells: Mapping[str, str]) -> dict[str, Any]:
    """A row of our own CSV as the fields of an example (interfaces.md §4). Raises Refused naming the column."""
    found = {name: original(cells[name]) for name in COLUMNS}
    parsed = {name: _json(name, found[name]) for name in JSON_COLUMNS if found[name]}
    messages = parsed.pop("messages", None)
    given: dict[str, Any] = {"messages": _turns(found) if messages is None else messages}
    given |= {name: found[name] for name in ("behavior", "group", "source") if found[name]}
    return given | parsed


def _turns(found: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"role": role, "content": found[role]} for role in ("system", "user", "assistant") if found[role]]


def _json(name: str, text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Refused(f"column “{name}”: is not JSON: {error}") from error
