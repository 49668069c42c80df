"""Examples as lines of PostgreSQL's COPY: written out where the file is read, so that storing only hands bytes over.

The database then never waits for this process while it holds the project's lock. Pure, and loaded by the process that
reads a file: nothing of the database is imported.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from app.core.ids import new_id
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


class Written(NamedTuple):
    """A line for each of the two tables; that of the example still lacks its first column, the side.

    A tuple, because a hundred thousand of them go from one process to another.
    """

    fingerprint_unit: str
    group_unit: str
    content_hash: str
    example: bytes
    revision: bytes


def written(origin: Origin, e: ParsedExample) -> Written:
    one_id, project = new_id(), origin.project_id
    tags = escaped(array_literal(list(dict.fromkeys([*e.tags, *origin.tags]))))
    behavior, unit = escaped(e.behavior), e.fingerprint_unit.encode()
    group = unit if e.group_unit == e.fingerprint_unit else escaped(e.group_unit)
    shown = (behavior, tags, unit, group, escaped(e.source), escaped(e.request), escaped(e.answer))
    example = f"\t{one_id}\t{project}\t{origin.import_id}\t1\tto_review\t".encode() + b"\t".join(shown) + b"\n"
    said = (_json(e.messages), _json(e.tools), _json(e.expected), _json(e.non_preferred), _json(e.extra))
    content = (*said, behavior, tags, unit, group, e.content_hash.encode(), escaped(origin.author_id), b"\n")
    revision = f"{new_id()}\t{project}\t{one_id}\t1\t".encode() + b"\t".join(content)
    return Written(e.fingerprint_unit, e.group_unit, e.content_hash, example, revision)


def escaped(value: str | None) -> bytes:
    """As the text format of COPY wants it: https://www.postgresql.org/docs/current/sql-copy.html."""
    if value is None:
        return NULL
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r").encode()


def _json(value: Any) -> bytes:
    # of what must be escaped, JSON has only the backslash
    return NULL if value is None else orjson.dumps(value).replace(b"\\", b"\\\\")


def array_literal(texts: Sequence[str]) -> str:
    """A text[] literal."""
    quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "{" + ",".join(f'"{text}"' for text in quoted) + "}"
