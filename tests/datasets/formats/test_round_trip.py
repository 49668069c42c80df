"""``import(export(x)) = x`` for each format, over records that it can hold, through the importers themselves."""

import copy
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.datasets.formats import WRITERS, Record
from app.examples.formats import FORMATS, Position
from app.examples.opening import open_file
from app.examples.rules import ParsedExample, group_name
from tests.datasets.formats.strategies import records

quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def imported(data: bytes, suffix: str) -> list[ParsedExample]:
    """The file as an import reads it, its format recognised by its content."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"file.{suffix}"
        path.write_bytes(data)
        found = open_file(path, "auto", path.name)
        rows = list(FORMATS[found.format].rows(found.path, None, Position()))
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
    """Arguments of calls as what they say: TRL has them as objects, whose order says nothing."""
    return _with_objects(record.messages), record.tools, _with_objects(record.non_preferred or [])


def _with_objects(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = copy.deepcopy(messages)
    for call in (call for message in found for call in message.get("tool_calls") or ()):
        call["function"]["arguments"] = json.loads(call["function"]["arguments"])
    return found


def held(name: str, rows: list[Record], paired: bool = False) -> None:
    """What was exported comes back: what is trained on in any case."""
    found = imported(exported(name, rows, paired), WRITERS[name].suffix)
    assert [trained(record_of(example)) for example in found] == [trained(row) for row in rows]


def whole(name: str, rows: list[Record]) -> None:
    """Every field comes back, but for the number."""
    found = [record_of(example) for example in imported(exported(name, rows), WRITERS[name].suffix)]
    assert [replace(one, extra=one.extra or None) for one in found] == [
        replace(row, number=1, extra=row.extra or None, expected=_with_behavior(row)) for row in rows
    ]


def _with_behavior(row: Record) -> dict[str, Any] | None:
    """An import says the behavior in both places."""
    said = {**(row.expected or {}), **({"behavior": row.behavior} if row.behavior else {})}
    return said or None


@quick
@given(st.lists(records(pairs=False, ours=False), min_size=1, max_size=3))
def test_openai_chat(rows: list[Record]) -> None:
    held("openai_chat", rows)


@quick
@given(st.lists(records(pairs=True, ours=False), min_size=1, max_size=3))
def test_openai_preference(rows: list[Record]) -> None:
    held("openai_preference", rows, paired=True)


@quick
@given(st.lists(records(pairs=True, ours=False, weights=False), min_size=1, max_size=3))
def test_trl_pairs(rows: list[Record]) -> None:
    held("trl", rows, paired=True)


@quick
@given(st.lists(records(pairs=False, ours=False, weights=False), min_size=1, max_size=3))
def test_trl(rows: list[Record]) -> None:
    held("trl", rows)


@quick
@given(st.lists(records(pairs=False, ours=False, weights=False, parallel=False), min_size=1, max_size=3))
def test_sharegpt(rows: list[Record]) -> None:
    held("sharegpt", rows)


@quick
@given(st.lists(records(pairs=True, ours=False, weights=False, parallel=False), min_size=1, max_size=3))
def test_sharegpt_pairs(rows: list[Record]) -> None:
    held("sharegpt", rows, paired=True)


@quick
@given(st.lists(records(pairs=False, ours=False, weights=False, tools=False), min_size=1, max_size=3))
def test_alpaca(rows: list[Record]) -> None:
    held("alpaca", rows)


@quick
@given(st.lists(records(pairs=True, ours=False, weights=False, tools=False), min_size=1, max_size=3))
def test_alpaca_pairs(rows: list[Record]) -> None:
    held("alpaca", rows, paired=True)


@quick
@given(st.lists(records(), min_size=1, max_size=3))
def test_csv(rows: list[Record]) -> None:
    whole("csv", rows)


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(records(), min_size=20, max_size=40))
def test_parquet(rows: list[Record]) -> None:
    whole("parquet", rows)
