"""SQL of erasures: where the rows are, and putting tombstones in their place."""

from collections.abc import Sequence
from typing import Any

from psycopg import sql
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.core.db import psycopg_connection
from app.erasure.models import Erasure
from app.erasure.places import PLACES, Place

Keys = dict[str, list[str]]  # of each place, what later places mean by it
BY_GROUP = ("revisions", "test_cases")


def find(session: Session, project_id: str, patterns: Sequence[str], group_unit: str | None) -> tuple[Keys, Keys]:
    """(keys to erase by place, what they are named by) of everything that an identifier stands in or leads to."""
    rows: Keys = {}
    named: Keys = {}
    values: dict[str, Any] = {"project": project_id, "patterns": list(patterns), "group": group_unit}
    for place in PLACES:
        found = _rows(session, place, values, named)
        rows[place.table] = [key for key, _name in found]
        named[place.table] = list({name for _key, name in found})
    rows["revisions"] = _all_revisions(session, named["examples"])
    return rows, named


def _rows(session: Session, place: Place, values: dict[str, Any], named: Keys) -> list[tuple[str, str]]:
    conditions = [f"t.{column}::text = any(:{earlier})" for column, earlier in place.via if named[earlier]]
    given = {earlier: named[earlier] for _column, earlier in place.via if named[earlier]}
    if place.texts and values["patterns"]:
        told = ", ".join(f"t.{column}::text" for column in place.texts)
        conditions.append(f"concat_ws(chr(10), {told}) ilike any(:patterns)")
    if values["group"] and place.table in BY_GROUP:
        conditions.append("t.group_unit = :group")
    if not conditions:
        return []
    query = text(
        f"select t.{place.key}::text, t.{place.keys_named}::text from {place.table} t "  # noqa: S608 (our own words)
        f"where {place.project} and ({' or '.join(conditions)})"
    )
    used = {name: value for name, value in (values | given).items() if f":{name}" in str(query)}
    return [(row[0], row[1]) for row in session.execute(query, used)]


def _all_revisions(session: Session, example_ids: Sequence[str]) -> list[str]:
    """An example goes with its whole history, whichever revision named the person."""
    found = session.execute(
        text("select id::text from revisions where example_id = any(cast(:ids as uuid[]))"), {"ids": list(example_ids)}
    )
    return [row[0] for row in found]


def erase(session: Session, erasure: Erasure, place: Place, keys: Sequence[str]) -> None:
    """Put tombstones in the place of these rows; findings of erased examples go altogether."""
    if not place.texts:
        return  # it holds ids only, and led on to a place that holds more
    if place.erase is None:
        call = text("select erase_rows(cast(:erasure as uuid), cast(:place as text), cast(:keys as text[]))")
        session.execute(call, {"erasure": erasure.id, "place": place.table, "keys": list(keys)})
        return
    table, key = sql.Identifier(place.table), sql.Identifier(place.key)
    change = sql.SQL("update {} t set ").format(table) + sql.SQL(place.erase)
    action = change if place.erase else sql.SQL("delete from {} t").format(table)
    statement = action + sql.SQL(" where t.{}::text = any(%s)").format(key)
    psycopg_connection(session).execute(statement, (list(keys),))


def erase_group(session: Session, erasure: Erasure, group_unit: str, new_unit: str) -> None:
    call = text("select erase_group(cast(:e as uuid), cast(:p as uuid), cast(:old as text), cast(:new as text))")
    session.execute(call, {"e": erasure.id, "p": erasure.project_id, "old": group_unit, "new": new_unit})


def forget_vectors(session: Session, erasure: Erasure) -> None:
    """A vector of a text tells much of the text: those of erased prompts go."""
    query = text("""
        delete from unit_embeddings where project_id = :project and unit in (
          select fingerprint_unit from revisions where erasure_id = :erasure
          union select fingerprint_unit from test_cases where erasure_id = :erasure)
    """)
    session.execute(query, {"project": erasure.project_id, "erasure": erasure.id})


def has_group(session: Session, project_id: str, group_unit: str) -> bool:
    query = text("select exists (select from split_assignments where project_id = :project and unit = :unit)")
    return bool(session.scalar(query, {"project": project_id, "unit": group_unit}))


def listing(session: Session, project_id: str) -> Sequence[Erasure]:
    """Newest first."""
    return session.scalars(select(Erasure).where(Erasure.project_id == project_id).order_by(Erasure.id.desc())).all()


def trained(session: Session, project_id: str, revision_ids: Sequence[str]) -> list[tuple[str, int, str | None]]:
    """(version, number of a fine-tune or 0, the provider's file) of what was made of these revisions."""
    query = text("""
        select distinct 'v' || v.number || ' ' || v.name, coalesce(f.number, 0), f.provider_file_id
        from dataset_version_items i join dataset_versions v on v.id = i.dataset_version_id
        left join fine_tunes f on f.dataset_version_id = v.id
        where v.project_id = :project and i.revision_id = any(cast(:ids as uuid[])) order by 1, 2
    """)
    found = session.execute(query, {"project": project_id, "ids": list(revision_ids)})
    return [(row[0], row[1], row[2]) for row in found]
