"""SQL of the playground."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, and_, select
from sqlalchemy.orm import Session

from app.annotation.assist.models import ModelBatch, ModelBatchItem
from app.annotation.assist.service import OPEN
from app.candidates.models import Candidate
from app.core.errors import NotFound
from app.core.ids import is_id
from app.datasets.models import TestSet
from app.evals.models import EvalRun
from app.evals.playground.models import PlaygroundTrial, PlaygroundVariant
from app.examples.models import Example, Revision
from app.gateway.models import PaidCall
from app.web.paging import Slice, cut, decode_cursor

TrialRow = Row[PlaygroundTrial, str]


def get(session: Session, project_id: str, trial_id: str) -> PlaygroundTrial:
    query = select(PlaygroundTrial).where(PlaygroundTrial.project_id == project_id, PlaygroundTrial.id == trial_id)
    found = session.scalar(query) if is_id(trial_id) else None
    if found is None:
        raise NotFound("This trial")
    return found


def page(session: Session, project_id: str, cursor: str | None, limit: int) -> Slice[TrialRow]:
    """(trial, candidate's name), newest first."""
    query = (
        select(PlaygroundTrial, Candidate.name)
        .join(Candidate, Candidate.id == PlaygroundTrial.candidate_id)
        .where(PlaygroundTrial.project_id == project_id)
    )
    after = decode_cursor(cursor)
    if after and is_id(str(after[0])):
        query = query.where(PlaygroundTrial.id < str(after[0]))
    rows = session.execute(query.order_by(PlaygroundTrial.id.desc()).limit(limit + 1)).all()
    return cut(rows, limit, lambda row: (row[0].id,))


def batches(session: Session, trial_id: str) -> Sequence[ModelBatch]:
    """One for each variant, in their order."""
    query = select(ModelBatch).join(PlaygroundVariant, PlaygroundVariant.batch_id == ModelBatch.id)
    return session.scalars(
        query.where(PlaygroundVariant.trial_id == trial_id).order_by(PlaygroundVariant.position)
    ).all()


def batches_of(session: Session, trial_ids: Sequence[str]) -> dict[str, list[ModelBatch]]:
    found: dict[str, list[ModelBatch]] = {one: [] for one in trial_ids}
    query = select(PlaygroundVariant.trial_id, ModelBatch).join(ModelBatch, ModelBatch.id == PlaygroundVariant.batch_id)
    query = query.where(PlaygroundVariant.trial_id.in_(trial_ids))
    for trial_id, batch in session.execute(query.order_by(PlaygroundVariant.trial_id, PlaygroundVariant.position)):
        found[trial_id].append(batch)
    return found


def items(session: Session, batch_ids: Sequence[str]) -> Sequence[Row[ModelBatchItem, Example, Revision]]:
    """(item, example, the revision that was sent), in the order of the examples."""
    sent = and_(Revision.example_id == ModelBatchItem.example_id, Revision.number == ModelBatchItem.revision)
    return session.execute(
        select(ModelBatchItem, Example, Revision)
        .join(Example, Example.id == ModelBatchItem.example_id)
        .join(Revision, sent)
        .where(ModelBatchItem.batch_id.in_(batch_ids))
        .order_by(Example.number)
    ).all()


def ids_of(session: Session, project_id: str, numbers: Sequence[int]) -> dict[int, str]:
    query = select(Example.number, Example.id).where(Example.project_id == project_id, Example.number.in_(numbers))
    return {row[0]: row[1] for row in session.execute(query.where(Example.deleted_at.is_(None)))}


def items_asked(session: Session, judging_id: str) -> set[str]:
    """Items of all calls to judges of a trial, whatever became of them."""
    return set(session.scalars(select(PaidCall.item).where(PaidCall.subject_id == judging_id)))


def open_batches(found: Sequence[ModelBatch]) -> bool:
    return any(batch.status in OPEN for batch in found)


def graders_of(session: Session, project_id: str, test_set_id: str) -> list[Any]:
    """Snapshots of the graders of the newest finished run on a test set."""
    query = select(EvalRun.graders).where(EvalRun.project_id == project_id, EvalRun.test_set_id == test_set_id)
    return list(session.scalar(query.where(EvalRun.status == "succeeded").order_by(EvalRun.id.desc()).limit(1)) or [])


def graded_sets(session: Session, project_id: str) -> Sequence[Row[str, str]]:
    """(id, name) of test sets that a finished run was made on."""
    ran = select(EvalRun.test_set_id).where(EvalRun.project_id == project_id, EvalRun.status == "succeeded")
    return session.execute(select(TestSet.id, TestSet.name).where(TestSet.id.in_(ran)).order_by(TestSet.name)).all()
