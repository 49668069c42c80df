"""SQL of what people say of examples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, bindparam, delete, func, not_, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from app.accounts.audit import RECORD
from app.accounts.models import User
from app.annotation.models import Annotation, Draft, Skip
from app.core.errors import NotFound
from app.core.ids import is_id, new_id
from app.core.statements import as_loaded, built_once, one_row
from app.examples.models import Example
from app.examples.queries import SET_STATUS
from app.projects.models import Project

SITTING = text("interval '12 hours'")  # what counts as today's work: for the progress, and for undoing


def lock_opinions(session: Session, example_id: str) -> None:
    """Until the transaction ends nobody else adds to, settles or takes back what was said of this example.

    Take it before any other lock: on splits, then on the example's row.
    """
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"opinions:{example_id}", 0))))


def opinions(session: Session, example_id: str) -> Sequence[Annotation]:
    """What waits for others at this example, by place."""
    query = select(Annotation).where(Annotation.example_id == example_id, Annotation.slot.is_not(None))
    return session.scalars(query.order_by(Annotation.slot), execution_options={"populate_existing": True}).all()


def close(session: Session, example_id: str) -> None:
    """The example is decided: what was said of it waits for nobody any more."""
    closed = update(Annotation).where(Annotation.example_id == example_id, Annotation.slot.is_not(None))
    session.execute(closed.values(slot=None).execution_options(synchronize_session=False))


def reopen(session: Session, places: dict[str, int]) -> None:
    """Annotations by id wait again, each at its place."""
    for annotation_id, slot in places.items():
        again = update(Annotation).where(Annotation.id == annotation_id).values(slot=slot)
        session.execute(again.execution_options(synchronize_session=False))


BY_TOKEN = select(Annotation).where(
    Annotation.client_token == bindparam("token"), Annotation.annotator_id == bindparam("user")
)


def by_token(session: Session, user_id: str, client_token: str | None) -> Annotation | None:
    if not client_token:
        return None
    return session.scalar(BY_TOKEN, {"token": client_token, "user": user_id})


def put(session: Session, decision: Mapping[str, Any] | None = None, **values: Any) -> Annotation:
    """Store a verdict. One of the same person on the same revision gives way to it.

    ``decision``: the status that it gives the example, see ``examples.service.decision``, set by the same statement.
    """
    alone: dict[str, Any] = {"slot": None, "blind": False, "proposal": {}}
    values = alone | values | {"id": new_id()}  # ids tell the order in time
    statement = _put(tuple(sorted(values)), decision is not None)
    row = one_row(session, statement, {f"put_{name}": value for name, value in values.items()} | dict(decision or {}))
    return as_loaded(session, Annotation, values | {"id": str(row and row[0])})


@built_once
def _put(columns: tuple[str, ...], decides: bool) -> Any:
    """Parameters have names of their own: one with the name of a column would be set in every table of the statement"""
    keys = ["example_id", "revision", "annotator_id", "settles"]
    statement = insert(Annotation).values({name: bindparam(f"put_{name}") for name in columns})
    fresh = {name: statement.excluded[name] for name in columns if name not in keys} | {"created_at": func.now()}
    put = statement.on_conflict_do_update(index_elements=keys, set_=fresh).returning(Annotation.id)
    if decides:
        put = put.add_cte(SET_STATUS.cte("decided"), RECORD.cte("recorded"))
    return put


def remove(session: Session, annotation: Annotation) -> None:
    session.execute(delete(Annotation).where(Annotation.id == annotation.id))
    session.expunge(annotation)


def latest(session: Session, project_id: str, user_id: str) -> Annotation | None:
    """This person's newest decision that can still be undone: one of this sitting, not decided by others since."""
    query = (
        select(Annotation)
        .where(Annotation.project_id == project_id, Annotation.annotator_id == user_id, undoable())
        .where(~Annotation.settles)
        .where(Annotation.created_at > func.now() - SITTING)
        .order_by(Annotation.id.desc())
    )
    return session.scalar(query.limit(1))


def latest_settled(session: Session, project_id: str, user_id: str) -> Annotation | None:
    """What this person settled last, in this sitting."""
    query = select(Annotation).where(Annotation.project_id == project_id, Annotation.annotator_id == user_id)
    query = query.where(Annotation.settles, Annotation.created_at > func.now() - SITTING)
    return session.scalar(query.order_by(Annotation.id.desc()).limit(1))


def undoable() -> ColumnElement[bool]:
    """It decided the example, or it still waits for others."""
    return or_(Annotation.slot.is_not(None), Annotation.before != text("'{}'::jsonb"))


def annotation(session: Session, project_id: str, example_id: str, annotation_id: str) -> Annotation:
    found = session.get(Annotation, annotation_id) if is_id(annotation_id) else None
    if found is None or found.project_id != project_id or found.example_id != example_id:
        raise NotFound("This annotation")
    return found


def visible_to(user_id: str) -> ColumnElement[bool]:
    """One's own, and those of others once all opinions that the project asks for are in."""
    other = aliased(Annotation)
    all_in = (
        select(func.count(other.id) >= Project.overlap)
        .where(other.example_id == Annotation.example_id, other.slot.is_not(None))
        .where(Project.id == Annotation.project_id)
        .group_by(Project.overlap)
        .correlate(Annotation)
        .scalar_subquery()
    )
    return or_(Annotation.slot.is_(None), Annotation.annotator_id == user_id, all_in)


def of_example(session: Session, project_id: str, example_id: str, user_id: str) -> Sequence[Row[Annotation, str]]:
    """(annotation, who) as this person may see them, newest first."""
    query = select(Annotation, User.name).join(User, User.id == Annotation.annotator_id)
    query = query.where(Annotation.project_id == project_id, Annotation.example_id == example_id, visible_to(user_id))
    return session.execute(query.order_by(Annotation.id.desc())).all()


def hidden_people(session: Session, project_id: str, example_id: str, user_id: str) -> set[str]:
    """Ids of the annotators of what this person may not see yet."""
    query = select(Annotation.annotator_id).where(
        Annotation.project_id == project_id, Annotation.example_id == example_id, not_(visible_to(user_id))
    )
    return set(session.scalars(query))


def flagged(session: Session, project_id: str, user_id: str, limit: int) -> Sequence[Row[Annotation, str, Example]]:
    """(annotation, who, example) of what was flagged for a second look and not touched since, newest first."""
    query = (
        select(Annotation, User.name, Example)
        .join(User, User.id == Annotation.annotator_id)
        .join(Example, and_(Example.id == Annotation.example_id, Example.revision == Annotation.revision))
        .where(Annotation.project_id == project_id, Annotation.flagged, Example.deleted_at.is_(None))
        .where(visible_to(user_id))
    )
    return session.execute(query.order_by(Annotation.id.desc()).limit(limit)).all()


def common_tags(session: Session, project_id: str, limit: int = 40) -> Sequence[str]:
    """The tags used most among the project's newest examples: what is suggested while typing."""
    newest = select(Example.tags).where(Example.project_id == project_id, Example.deleted_at.is_(None))
    tag = func.unnest(newest.order_by(Example.id.desc()).limit(2_000).subquery().c.tags).label("tag")
    each = select(tag).subquery()
    query = select(each.c.tag).group_by(each.c.tag).order_by(func.count().desc(), each.c.tag)
    return session.scalars(query.limit(limit)).all()


@dataclass(frozen=True)
class ExpertTime:
    """What people spent on reviewing a project: decisions, what they skipped, and drafts they have not finished.

    ``untimed`` decisions came without seconds and count as none. ``cost`` is None until the project has a rate.
    """

    minutes: float
    decisions: int
    untimed: int
    hourly_rate: float | None

    @property
    def cost(self) -> float | None:
        return None if self.hourly_rate is None else self.minutes / 60 * self.hourly_rate


def expert_minutes(session: Session, project_id: str) -> ExpertTime:
    """The expert time behind a project's examples, and what an hour of it costs."""
    skipped = select(func.coalesce(func.sum(Skip.seconds), 0.0)).join(Example, Example.id == Skip.example_id)
    drafted = select(func.coalesce(func.sum(Draft.seconds), 0.0)).where(Draft.project_id == project_id)
    said = Annotation.project_id == project_id
    seconds, decisions, untimed, aside, begun, rate = session.execute(
        select(
            select(func.coalesce(func.sum(Annotation.seconds), 0.0)).where(said).scalar_subquery(),
            select(func.count()).select_from(Annotation).where(said).scalar_subquery(),
            select(func.count()).where(said, Annotation.seconds.is_(None)).scalar_subquery(),
            skipped.where(Example.project_id == project_id).scalar_subquery(),
            drafted.scalar_subquery(),
            select(Project.expert_hourly_rate).where(Project.id == project_id).scalar_subquery(),
        )
    ).one()
    return ExpertTime((seconds + aside + begun) / 60, decisions, untimed, rate)
