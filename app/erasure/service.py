"""Verbs of erasure: look where a person stands, put tombstones there."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func
from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.accounts.models import User
from app.core.errors import Conflict, Invalid
from app.core.ids import new_id
from app.erasure import queries
from app.erasure.forms import NewErasure, Person
from app.erasure.models import Erasure
from app.erasure.places import PLACES
from app.examples.queries import lock_splits
from app.projects.models import Project


@dataclass(frozen=True)
class Look:
    """Where a person stands. ``rows``: keys by table; ``trained``: what was trained on it and lies elsewhere."""

    rows: queries.Keys
    trained: Sequence[tuple[str, int, str | None]]

    @property
    def counts(self) -> list[tuple[str, int]]:
        """(place in words, rows) of the places where there is something."""
        counted = [(place.label, len(self.rows[place.table])) for place in PLACES if place.texts]
        return [(label, number) for label, number in counted if number]

    @property
    def total(self) -> int:
        return sum(number for _label, number in self.counts)


def look(session: Session, project: Project, person: Person) -> Look:
    """Everything of the project that an identifier stands in, or that belongs to such a row or to the group."""
    group = f"group:{person.group}" if person.group else None
    if group and not queries.has_group(session, project.id, group):
        raise Invalid.field("group", f"There is no group “{person.group}” in this project.")
    rows, _named = queries.find(session, project.id, patterns(person.identifiers), group)
    return Look(rows, queries.trained(session, project.id, rows["revisions"]))


def patterns(identifiers: Sequence[str]) -> list[str]:
    """LIKE patterns, also as the identifier is written inside JSON, where quotes and backslashes are escaped."""
    written = [form for one in identifiers for form in (one, json.dumps(one, ensure_ascii=False)[1:-1])]
    escaped = (one.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for one in written)
    return [f"%{one}%" for one in dict.fromkeys(escaped)]


def erase(session: Session, user: User, project: Project, new: NewErasure) -> Erasure:
    """Erase what ``look`` finds, in one transaction. Raises Conflict if that is another number than was shown."""
    lock_splits(session, project.id)
    found = look(session, project, new)
    if found.total != new.expected_count:
        raise Conflict(f"There are {found.total:,} rows now, not {new.expected_count:,}: look again before you erase.")
    erasure = Erasure(project_id=project.id, reason=new.reason, created_by=user.id, erased=dict(found.counts))
    session.add(erasure)
    session.flush()
    for place in PLACES:
        if keys := found.rows[place.table]:
            queries.erase(session, erasure, place, keys)
    queries.forget_vectors(session, erasure)
    if new.group:
        queries.erase_group(session, erasure, f"group:{new.group}", f"group:erased-{new_id()}")
    erasure.finished_at = func.now()
    session.flush()
    session.refresh(erasure)
    record(session, "erase", "erasure", erasure.id, actor_id=user.id, project_id=project.id, rows=found.total)
    return erasure
