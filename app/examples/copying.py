"""Examples as lines of PostgreSQL's COPY: written out where the file is read, so that storing only hands bytes over.

The database then never waits for this process while it holds the project's lock. The driver's own way, a value at a
time, lets the thread that reads ahead in between at each of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy.orm import Session

from app.core.db import psycopg_connection
from app.core.ids import new_id
from app.examples.models import Import
from app.examples.rules import ParsedExample

EXAMPLE_COLUMNS = (
    "split, id, project_id, import_id, revision, status, behavior, tags, fingerprint_unit, group_unit, source, "
    "request, answer"
)
REVISION_COLUMNS = (
    "id, project_id, example_id, number, messages, tools, expected, non_preferred, extra, behavior, tags, "
    "fingerprint_unit, group_unit, content_hash, author_id, reason"
)
NULL = b"\\N"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where examples come from; ``tags`` are added to each one's own."""

    project_id: str
    import_id: str
    author_id: str | None
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """A line for each of the two tables; that of the example still lacks its first column, the side."""

    fingerprint_unit: str
    group_unit: str
    content_hash: str
    example: bytes
    revision: bytes


def origin_of(source: Import) -> Origin:
    return Origin(source.project_id, source.id, source.created_by, tuple(source.tags))


def written(origin: Origin, e: ParsedExample) -> Written:
    one_id, project = new_id(), origin.project_id
    tags = _text(_array(list(dict.fromkeys([*e.tags, *origin.tags]))))
    behavior, unit, group = _text(e.behavior), _text(e.fingerprint_unit), _text(e.group_unit)
    shown = (behavior, tags, unit, group, _text(e.source), _text(e.request), _text(e.answer))
    example = f"\t{one_id}\t{project}\t{origin.import_id}\t1\tto_review\t".encode() + b"\t".join(shown) + b"\n"
    said = (_json(e.messages), _json(e.tools), _json(e.expected), _json(e.non_preferred), _json(e.extra))
    content = (*said, behavior, tags, unit, group, _text(e.content_hash), _text(origin.author_id), b"\n")
    revision = f"{new_id()}\t{project}\t{one_id}\t1\t".encode() + b"\t".join(content)
    return Written(e.fingerprint_unit, e.group_unit, e.content_hash, example, revision)


def add_units(session: Session, project_id: str, units: Sequence[str]) -> None:
    """Units that the project has not yet, on the train side. The caller holds the project's lock."""
    _copy(
        session,
        "split_assignments (project_id, split, unit)",
        [f"{project_id}\ttrain\t".encode() + _text(unit) + b"\n" for unit in units],
    )


def copy_in(session: Session, examples: Sequence[Written], sides: Sequence[str]) -> None:
    """``sides``: 'train' or 'test' for each."""
    with_side = [side.encode() + one.example for side, one in zip(sides, examples, strict=True)]
    _copy(session, f"examples ({EXAMPLE_COLUMNS})", with_side)
    _copy(session, f"revisions ({REVISION_COLUMNS})", [one.revision for one in examples])


def _copy(session: Session, into: str, lines: Sequence[bytes]) -> None:
    with psycopg_connection(session).cursor() as cursor, cursor.copy(f"copy {into} from stdin") as copy:
        copy.write(b"".join(lines))


def _text(value: str | None) -> bytes:
    """As the text format of COPY wants it: https://www.postgresql.org/docs/current/sql-copy.html."""
    if value is None:
        return NULL
    escaped = value.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    return escaped.encode()


def _json(value: Any) -> bytes:
    # of what must be escaped, JSON has only the backslash
    return NULL if value is None else orjson.dumps(value).replace(b"\\", b"\\\\")


def _array(texts: Sequence[str]) -> str:
    """A text[] literal."""
    quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "{" + ",".join(f'"{text}"' for text in quoted) + "}"
