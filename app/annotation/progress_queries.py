"""SQL of how far a person and a queue are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Label, Select, exists, func, select
from sqlalchemy.orm import Session

from app.annotation.models import Annotation, Draft, Skip
from app.annotation.queries import SITTING, undoable
from app.annotation.settle_queries import disagreements
from app.annotation.waiting_queries import PROJECT, USER, filter_of, key_of, waiting
from app.core.statements import built_once, number, one_row
from app.examples.forms import ExampleFilter
from app.examples.models import Example

COUNTED = 1_000


@dataclass(frozen=True)
class Tally:
    """``done`` and ``skipped`` are this person's, ``left`` waits in the queue, ``seconds`` is their median.

    Counting stops at a thousand; ``left`` is then 1,001. ``undo_id``: their newest annotation of this sitting.
    """

    done: int
    left: int
    skipped: int
    seconds: float | None
    undo_id: str | None


def left(session: Session, project_id: str, user_id: str, wanted: ExampleFilter, overlap: int) -> int:
    """What of a queue still wants this person's opinion."""
    wanting = select(Example.id).where(*waiting(project_id, user_id, wanted, overlap)).limit(COUNTED + 1)
    return session.scalar(select(func.count()).select_from(wanting.subquery())) or 0


def tally(
    session: Session,
    project_id: str,
    user_id: str,
    wanted: ExampleFilter,
    overlap: int,
    known: int | None = None,
    figures: Sequence[Any] | None = None,
) -> Tally:
    """Bounded: a queue of a hundred thousand costs what one of a thousand costs. ``known``: what is done and left
    together, where it was counted a moment ago. ``figures``: those of ``tally_figures``, where another statement has
    asked them already."""
    row = figures or one_row(session, _tally(key_of(wanted), overlap), {"project": project_id, "user": user_id})
    done, count, seconds, undo_id = row or (0, 0, None, None)
    remaining = left(session, project_id, user_id, wanted, overlap) if known is None else max(known - done, 0)
    return Tally(done, remaining, count, seconds, undo_id and str(undo_id))


@built_once
def _tally(key: str, overlap: int) -> Select[int, int, float | None, str | None]:
    return select(*tally_figures(key, overlap))


def tally_figures(key: str, overlap: int) -> list[Label[Any]]:
    """(done, skipped, median seconds, newest that can be undone) of a person in a project, for any SELECT."""
    passed_over = select(Skip.example_id).where(Skip.user_id == USER).limit(number(COUNTED))
    skipped = select(Example.id).where(Example.id.in_(passed_over), *waiting(PROJECT, USER, filter_of(key), overlap))
    recent = (
        select(Annotation.id, Annotation.seconds, undoable().label("undoable"))
        .where(Annotation.project_id == PROJECT, Annotation.annotator_id == USER)
        .where(~Annotation.settles, Annotation.created_at > func.now() - SITTING)
        .order_by(Annotation.id.desc())
        .limit(number(COUNTED))
        .subquery()
    )
    median = func.percentile_cont(0.5).within_group(recent.c.seconds).filter(recent.c.seconds > 0)
    undo = select(recent.c.id).where(recent.c.undoable).order_by(recent.c.id.desc()).limit(number(1))
    done, count = (select(func.count()).select_from(rows) for rows in (recent, skipped.subquery()))
    parts = {"done": done, "skipped": count, "median_seconds": select(median), "undo_id": undo}
    return [part.scalar_subquery().label(name) for name, part in parts.items()]


@dataclass(frozen=True)
class Counts:
    """How many wait in each queue, for the tabs; counting stops at ``COUNTED`` + 1."""

    draft: int
    skipped: int
    settle: int


def counts(session: Session, project_id: str, user_id: str, wanted: ExampleFilter, overlap: int) -> Counts:
    wanting = select(Example.id).where(*waiting(project_id, user_id, wanted, overlap)).limit(COUNTED + 1)
    drafts = exists().where(Draft.example_id == Example.id, Draft.user_id == user_id)
    skipped = exists().where(Skip.example_id == Example.id, Skip.user_id == user_id)
    unsettled = disagreements(project_id, overlap).limit(COUNTED + 1)
    queries = (wanting.where(drafts), wanting.where(skipped, ~drafts), unsettled)
    row = session.execute(select(*(select(func.count()).select_from(q.subquery()).scalar_subquery() for q in queries)))
    return Counts(*row.one())
