"""``import(export(x)) = x`` for each format, over records that it can hold, through the importers themselves."""

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.datasets.formats import WRITERS, Record
from app.examples.formats import FORMATS, Position, detect
from app.examples.rules import ParsedExample, group_name
from tests.datasets.formats.strategies import records

quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def imported(data: bytes, suffix: str) -> list[ParsedExample]:
    """The file as an import reads it, its format recognised by its content."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"file.{suffix}"
        path.write_bytes(data)
        found = detect(path, "auto", path.name)
        rows = list(FORMATS[found].rows(path, None, Position()))
    assert not [row.reason for row in rows if row.example is None]
    return [row.example for row in rows if row.example is not None]


def exported(name: str, rows: Iterable[Record], paired: bool = False) -> bytes:
    return b"".join(WRITERS[name].write(rows, paired))


def record_of(example: ParsedExample) -> Record:
    return Record(
        1,
        example.messages,
        example.tools,
        example.non_preferred,
        example.expected,
        example.behavior,
        tuple(example.tags),
        group_name(example.group_unit),
        example.source,
        example.extra,
    )


def trained(record: Record) -> tuple[Any, ...]:
    return record.messages, record.tools, record.non_preferred


def held(name: str, rows: list[Record], paired: bool = False) -> None:
    """What was exported comes back: what is trained on in any case."""
    found = imported(exported(name, rows, paired), WRITERS[name].suffix)
    assert [trained(record_of(example)) for example in found] == [trained(row) for row in rows]


@quick
@given(st.lists(records(pairs=False, ours=False), min_size=1, max_size=3))
def test_openai_chat(rows: list[Record]) -> None:
    held("openai_chat", rows)
