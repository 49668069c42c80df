"""SQL of the scan: what was not compared yet, the texts to compare, links and clusters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.core.db import psycopg_connection
from app.datasets.near.scheme import VERSION

NEW_EXAMPLES = """
select e.id::text, e.fingerprint_unit, r.id::text, null, r.messages
from examples e join revisions r on r.example_id = e.id and r.number = e.revision
where e.project_id = %(project)s and e.deleted_at is null and e.id > %(after)s and not exists (
  select from scanned_units s
  where s.project_id = e.project_id and s.unit = e.fingerprint_unit and s.version = %(version)s)
order by e.id limit %(limit)s
"""
NEW_CASES = """
select c.id::text, c.fingerprint_unit, null, c.id::text, c.messages from test_cases c
where c.project_id = %(project)s and c.id > %(after)s and not exists (
  select from scanned_units s
  where s.project_id = c.project_id and s.unit = c.fingerprint_unit and s.version = %(version)s)
order by c.id limit %(limit)s
"""
UNSCANNED = """
select count(*) from (
  select fingerprint_unit as unit from examples where project_id = %(project)s and deleted_at is null
  union
  select fingerprint_unit from test_cases where project_id = %(project)s
) as wanted where not exists (
  select from scanned_units s where s.project_id = %(project)s and s.unit = wanted.unit and s.version = %(version)s)
"""
FIRST = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class Source:
    """A prompt to compare. ``messages`` of an example include its target answer, those of a case end before it."""

    id: str
    unit: str
    revision_id: str | None
    case_id: str | None
    messages: list[Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a scanned unit stands."""

    number: int
    unit: str
    held_out: bool
    cluster: str | None


@dataclass(frozen=True)
class NearCase:
    """A line of training data that asks nearly what a sealed case asks."""

    line: int  # of the training bytes, from 1
    test_set: str
    position: int  # of the case in its set
    similarity: float


def unscanned(session: Session, project_id: str) -> int:
    row = psycopg_connection(session).execute(UNSCANNED, {"project": project_id, "version": VERSION}).fetchone()
    return int(row[0]) if row else 0


def new_sources(session: Session, query: str, project_id: str, after: str, limit: int) -> list[Source]:
    values = {"project": project_id, "after": after, "limit": limit, "version": VERSION}
    return [Source(*row) for row in psycopg_connection(session).execute(query, values)]


def texts(session: Session, numbers: Sequence[int]) -> dict[int, tuple[list[Any], bool]]:
    """(messages, whether the target answer may be among them) by number; what was erased is not there."""
    connection = psycopg_connection(session)
    found = {
        number: (messages, bool(is_example))
        for number, messages, is_example in connection.execute(
            "select s.number, coalesce(r.messages, c.messages), r.id is not null from scanned_units s "
            "left join revisions r on r.id = s.revision_id left join test_cases c on c.id = s.case_id "
            "where s.number = any(%s)",
            (list(numbers),),
        )
        if messages is not None
    }
    missing = [number for number in numbers if number not in found]
    if missing:  # the case that it was read from is gone; an example may ask the same
        found |= {
            number: (messages, True)
            for number, messages in connection.execute(
                "select distinct on (s.number) s.number, r.messages from scanned_units s "
                "join examples e on e.fingerprint_unit = s.unit and e.project_id = s.project_id "
                "join revisions r on r.example_id = e.id and r.number = e.revision where s.number = any(%s)",
                (missing,),
            )
        }
    return found


def case_numbers(session: Session, project_id: str) -> list[int]:
    """Numbers of the units that stand in test sets, drafts included."""
    rows = psycopg_connection(session).execute(
        "select distinct s.number from test_cases c "
        "join scanned_units s on s.project_id = c.project_id and s.unit = c.fingerprint_unit where c.project_id = %s",
        (project_id,),
    )
    return [row[0] for row in rows]


def standings(session: Session, project_id: str, numbers: Sequence[int]) -> list[Standing]:
    """Of these units and of every unit in a cluster with one of them, and of the first unit of each such cluster."""
    rows = psycopg_connection(session).execute(
        """
        with given as (
          select s.number, s.unit, a.split, a.cluster from scanned_units s
          join split_assignments a on a.project_id = s.project_id and a.unit = s.unit where s.number = any(%(numbers)s)
        ), units as (
          select unit from given
          union select a.unit from split_assignments a
            where a.project_id = %(project)s and a.cluster in (select cluster from given where cluster is not null)
          union select cluster from given where cluster is not null
        )
        select s.number, s.unit, a.split = 'test', a.cluster from units u
        join scanned_units s on s.project_id = %(project)s and s.unit = u.unit
        join split_assignments a on a.project_id = s.project_id and a.unit = s.unit order by s.number
        """,
        {"project": project_id, "numbers": list(numbers)},
    )
    return [Standing(*row) for row in rows]


def frozen(session: Session, project_id: str, units: Sequence[str]) -> set[str]:
    """Those of the units that stand in a dataset version."""
    rows = psycopg_connection(session).execute(
        "select distinct fingerprint_unit from dataset_version_items "
        "where project_id = %s and fingerprint_unit = any(%s)",
        (project_id, list(units)),
    )
    return {row[0] for row in rows}


def separated(session: Session, project_id: str) -> set[tuple[str, str]]:
    """Pairs that somebody took apart, each sorted."""
    rows = psycopg_connection(session).execute(
        "select unit, other from near_links where project_id = %s and separated_at is not null", (project_id,)
    )
    return {(min(row), max(row)) for row in rows}


def put_in_clusters(session: Session, project_id: str, placed: Mapping[str, tuple[str, bool]]) -> None:
    """``placed``: by unit the cluster's first unit and whether it is held out."""
    connection = psycopg_connection(session)
    units, firsts = list(placed), [place[0] for place in placed.values()]
    sides = ["test" if place[1] else "train" for place in placed.values()]
    connection.execute(
        "insert into unit_clusters (project_id, first_unit, split) "
        "select distinct %s::uuid, * from unnest(%s::text[], %s::text[]) "
        "on conflict (project_id, first_unit) do update set split = 'test' "
        "where excluded.split = 'test' and unit_clusters.split = 'train'",
        (project_id, firsts, sides),
    )
    connection.execute(
        "update split_assignments a set cluster = given.first_unit, split = given.split "
        "from unnest(%s::text[], %s::text[], %s::text[]) as given(unit, first_unit, split) "
        "where a.project_id = %s and a.unit = given.unit "
        "and (a.cluster is distinct from given.first_unit or a.split <> given.split)",
        (units, firsts, sides, project_id),
    )


def link(session: Session, project_id: str, pairs: Sequence[tuple[str, str, float]]) -> None:
    """Add links (unit, other, similarity); one that is there, or was taken apart, stays as it is."""
    columns = [list(column) for column in zip(*pairs, strict=True)]
    psycopg_connection(session).execute(
        "insert into near_links (project_id, unit, other, similarity) "
        "select %s, least(a, b), greatest(a, b), similarity "
        "from unnest(%s::text[], %s::text[], %s::float8[]) as given(a, b, similarity) on conflict do nothing",
        (project_id, *columns),
    )
