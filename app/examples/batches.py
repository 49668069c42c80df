"""Storing many examples at once: what is new of them, in the transaction that also commits how far the import came."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.core.db import psycopg_connection
from app.examples.copy_lines import Origin, Written, array_literal, written
from app.examples.copying import add_units, copy_in, origin_of
from app.examples.models import Import
from app.examples.queries import lock_splits, test_side
from app.examples.rules import ParsedExample

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
    """As ``store_written``, of examples that are not written out yet."""
    origin = origin_of(source)
    lock_splits(session, origin.project_id)
    return store_written(session, origin, [written(origin, example) for example in examples])


def store_written(session: Session, origin: Origin, given: Sequence[Written], beside: Sequence[Written] = ()) -> Stored:
    """Insert what is new. An example whose content stands in the project already is a duplicate.

    Units not seen before stand on the train side; an example with a unit on the test side is held out too.
    The caller holds the project's lock. ``beside``: what another transaction brings and commits first.
    """
    seen = _register(session, origin.project_id, given, beside)
    known = _known_contents(session, origin.project_id, given, seen)
    known.update(one.content_hash for one in beside)
    fresh: list[Written] = []
    for example in given:
        if example.content_hash not in known:
            known.add(example.content_hash)
            fresh.append(example)
    held_out = test_side(session, origin.project_id, seen)
    sides = ["test" if {one.fingerprint_unit, one.group_unit} & held_out else "train" for one in fresh]
    copy_in(session, fresh, sides)
    return Stored(len(fresh), len(given) - len(fresh), sides.count("test"))


def _units(examples: Sequence[Written]) -> set[str]:
    return {unit for example in examples for unit in (example.fingerprint_unit, example.group_unit)}


def _register(session: Session, project_id: str, examples: Sequence[Written], beside: Sequence[Written]) -> list[str]:
    """Put new units on the train side; answers the other ones, which the project had before."""
    units = sorted(_units(examples))
    connection = psycopg_connection(session)
    query = "select unit from split_assignments where project_id = %s and unit = any(%s::text[])"
    had = {row[0] for row in connection.execute(query, (project_id, array_literal(units)))}
    there = had | _units(beside)
    add_units(session, project_id, [unit for unit in units if unit not in there])
    return sorted(had)


def _known_contents(session: Session, project_id: str, examples: Sequence[Written], seen: Sequence[str]) -> set[str]:
    """Hashes of every revision of the living examples with these prompts: an example edited since is known too."""
    prompts = {example.fingerprint_unit for example in examples}.intersection(seen)
    if not prompts:
        return set()
    rows = psycopg_connection(session).execute(KNOWN_CONTENTS, (list(prompts), project_id))
    return {row[0] for row in rows}
