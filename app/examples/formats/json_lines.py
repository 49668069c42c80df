"""Reading one JSON object a line, whatever it means: what all formats but CSV share."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.examples import chat
from app.examples.chat import Refused
from app.examples.formats.base import Line, Position, Row, excerpt, read_lines, too_long_reason
from app.examples.rules import ParsedExample
from app.examples.strict_json import parse_json

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Definition:
    """A line that defines something and is no example; the grader objects in it."""

    graders: Sequence[Any] = ()


Parse = Callable[[Fields], ParsedExample | Definition]


def fields_of(line: bytes | str) -> Fields:
    """The object on a line. Raises Refused."""
    if isinstance(line, bytes):
        try:
            line = line.decode()
        except UnicodeDecodeError as error:
            raise Refused(f"the line: is not UTF-8 text at byte {error.start + 1}") from error
    fields = parse_json(line)
    if not isinstance(fields, dict):
        raise Refused("the line: must be a JSON object")
    return fields


def rows(
    path: Path, at: Position, parse: Parse, spread: Callable[[Fields], Iterator[Fields]] | None = None
) -> Iterator[Row]:
    """A row for every line that is not blank; several where ``spread`` makes several objects of one."""
    with path.open("rb") as file:
        for line in read_lines(file, at):
            if line.data.strip():
                yield from _rows_of(line, parse, spread)


def _rows_of(line: Line, parse: Parse, spread: Callable[[Fields], Iterator[Fields]] | None) -> Iterator[Row]:
    if line.too_long:
        yield Row(line.number, line.end, None, too_long_reason(), excerpt(line.data))
        return
    try:
        fields = fields_of(line.data)
    except Refused as error:
        yield Row(line.number, line.end, None, str(error), excerpt(line.data))
        return
    for one in spread(fields) if spread else (fields,):
        yield _row(line, one, parse)


def _row(line: Line, fields: Fields, parse: Parse) -> Row:
    try:
        parsed = parse(fields)
    except Refused as error:
        return Row(line.number, line.end, None, str(error), excerpt(line.data))
    if isinstance(parsed, Definition):
        return Row(line.number, line.end, None, graders=parsed.graders)
    return Row(line.number, line.end, parsed)


def first_objects(path: Path, most: int) -> list[Fields]:
    """The first objects of a file, for a look at what it holds; lines that are none are passed over."""
    found: list[Fields] = []
    with path.open("rb") as file:
        for line in read_lines(file, Position()):
            if line.number > 4 * most or line.end.bytes > 8_000_000 or len(found) >= most:
                break
            try:
                found.append(fields_of(line.data))
            except Refused:
                continue
    return found


def ours(fields: Fields) -> Fields:
    """Fields of another tool's row beside the conversation, as our line has them.

    Those that mean the same here keep their meaning; one of our names with something else in it, and all others, are
    kept as metadata.
    """
    found: Fields = {}
    metadata: Fields = {}
    for name, value in fields.items():
        check = _CHECKS.get(name)
        if check and _passes(check, value):
            found[name] = value
        elif name == "metadata" and isinstance(value, dict):
            metadata |= value
        elif value is not None:
            metadata[name] = value
    return found | {"metadata": metadata}


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "expected": lambda value: chat.check_expected(value, None),
    "behavior": lambda value: chat.check_expected(None, value),
    "tags": chat.check_tags,
    "group": chat.check_group,
    "source": chat.check_source,
    "non_preferred_output": lambda value: None,
}


def _passes(check: Callable[[Any], Any], value: Any) -> bool:
    try:
        check(value)
    except (Refused, TypeError):
        return False
    return True
