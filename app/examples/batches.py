"""Storing many parsed examples at once: COPY, in the transaction that also commits how far the import has come."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy.orm import Session

from app.core.db import psycopg_connection
from app.core.ids import new_id
from app.examples.models import Import
from app.examples.queries import lock_splits, test_side
from app.examples.rules import ParsedExample

EXAMPLE_COLUMNS = (
    "id, project_id, import_id, revision, status, behavior, tags, split, fingerprint_unit, group_unit, source, "
    "request, answer"
)
REVISION_COLUMNS = (
    "id, project_id, example_id, number, messages, tools, expected, non_preferred, extra, behavior, tags, "
    "fingerprint_unit, group_unit, content_hash, author_id, reason"
)
# By prompt first and alone: in a table that has just grown, the planner has no figures yet, and given the project too
# it would rather walk through all of it. `offset 0` keeps the steps apart.
KNOWN_CONTENTS = """
select r.content_hash from unnest(%s::text[]) as wanted(unit)
cross join lateral (select id, project_id, deleted_at from examples where fingerprint_unit = unit offset 0) as e
cross join lateral (select content_hash from revisions where example_id = e.id offset 0) as r
where e.project_id = %s and e.deleted_at is null
"""


@dataclass(frozen=True)
class Stored:
    imported: int
    duplicates: int
    held_out: int  # of the imported: a sealed test case has the same prompt, or the group is held out


def store(session: Session, source: Import, examples: Iterable[ParsedExample]) -> Stored:
    """Insert what is new. An example whose content stands in the project already is a duplicate.

    Units not seen before stand on the train side; an example with a unit on the test side is held out too.
    """
    given = list(examples)
    lock_splits(session, source.project_id)
    seen = _register(session, source.project_id, given)
    known = _known_contents(session, source.project_id, given, seen)
    fresh: list[ParsedExample] = []
    for example in given:
        if example.content_hash not in known:
            known.add(example.content_hash)
            fresh.append(example)
    held_out = test_side(session, source.project_id, seen)
    _copy(session, source, fresh, held_out)
    out = sum(_is_held_out(example, held_out) for example in fresh)
    return Stored(len(fresh), len(given) - len(fresh), out)


def _register(session: Session, project_id: str, examples: Sequence[ParsedExample]) -> list[str]:
    """Put new units on the train side; answers the other ones, which the project had before."""
    units = sorted({unit for example in examples for unit in (example.fingerprint_unit, example.group_unit)})
    rows = psycopg_connection(session).execute(
        "insert into split_assignments (project_id, unit, split) select %s, unnest(%s::text[]), 'train' "
        "on conflict do nothing returning unit",
        (project_id, units),
    )
    new = {row[0] for row in rows}
    return [unit for unit in units if unit not in new]


def _known_contents(
    session: Session, project_id: str, examples: Sequence[ParsedExample], seen: Sequence[str]
) -> set[str]:
    """Hashes of every revision of the living examples with these prompts: an example edited since is known too."""
    prompts = {example.fingerprint_unit for example in examples}.intersection(seen)
    if not prompts:
        return set()
    rows = psycopg_connection(session).execute(KNOWN_CONTENTS, (list(prompts), project_id))
    return {row[0] for row in rows}


def _is_held_out(example: ParsedExample, held_out: set[str]) -> bool:
    return example.fingerprint_unit in held_out or example.group_unit in held_out


def _copy(session: Session, source: Import, examples: Sequence[ParsedExample], held_out: set[str]) -> None:
    ids = [new_id() for _ in examples]
    tags = [_array(list(dict.fromkeys([*example.tags, *source.tags]))) for example in examples]
    rows = list(zip(ids, examples, tags, strict=True))
    with psycopg_connection(session).cursor() as cursor:
        with cursor.copy(f"copy examples ({EXAMPLE_COLUMNS}) from stdin") as copy:
            for row in rows:
                copy.write_row(_example_row(source, *row, "test" if _is_held_out(row[1], held_out) else "train"))
        with cursor.copy(f"copy revisions ({REVISION_COLUMNS}) from stdin") as copy:
            for row in rows:
                copy.write_row(_revision_row(source, *row))


def _example_row(source: Import, one_id: str, e: ParsedExample, tags: str, split: str) -> tuple[Any, ...]:
    where = (one_id, source.project_id, source.id, 1, "to_review", e.behavior, tags, split)
    return (*where, e.fingerprint_unit, e.group_unit, e.source, e.request, e.answer)


def _revision_row(source: Import, one_id: str, e: ParsedExample, tags: str) -> tuple[Any, ...]:
    said = (_json(e.messages), _json(e.tools), _json(e.expected), _json(e.non_preferred))
    content = (*said, _json(e.extra), e.behavior, tags)
    units = (e.fingerprint_unit, e.group_unit, e.content_hash)
    return (new_id(), source.project_id, one_id, 1, *content, *units, source.created_by, "")


def _array(texts: Sequence[str]) -> str:
    """A text[] literal; the driver's own way of writing lists takes several times as long."""
    quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "{" + ",".join(f'"{text}"' for text in quoted) + "}"


def _json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()
