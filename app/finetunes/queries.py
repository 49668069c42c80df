"""All SQL of fine-tunes that pages and services ask; the worker's own is in ``steps.py``."""

from collections.abc import Collection, Sequence
from typing import Any, cast

from sqlalchemy import Row, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from app.candidates.models import Candidate
from app.core.errors import NotFound
from app.core.ids import is_id
from app.datasets.models import DatasetVersion, DatasetVersionItem, TestCase, TestSet
from app.evals.models import EvalRun
from app.examples.models import SplitAssignment
from app.examples.queries import one_of
from app.finetunes.estimates import Past
from app.finetunes.listing import Filter
from app.finetunes.models import Checkpoint, FineTune, FineTuneEvent
from app.gateway.models import Provider
from app.web.paging import Slice, cut, decode_cursor

PAST_RUNS = 5


def fine_tune(session: Session, project_id: str, fine_tune_id: str, *, lock: bool = False) -> FineTune:
    query = select(FineTune).where(FineTune.project_id == project_id, FineTune.id == fine_tune_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query) if is_id(fine_tune_id) else None
    if found is None:
        raise NotFound("This fine-tune")
    return found


def by_token(session: Session, project_id: str, launch_token: str) -> FineTune | None:
    query = select(FineTune).where(FineTune.project_id == project_id, FineTune.launch_token == launch_token)
    return session.scalar(query)


def listed(
    session: Session, project_id: str, narrowed: Filter, cursor: str | None, limit: int
) -> Slice[Row[FineTune, int, str, str | None]]:
    """(fine-tune, number of the version, name of the provider, name of the candidate), newest first."""
    query = (
        select(FineTune, DatasetVersion.number, Provider.name, Candidate.name)
        .join(DatasetVersion, DatasetVersion.id == FineTune.dataset_version_id)
        .join(Provider, Provider.id == FineTune.provider_id)
        .outerjoin(Candidate, Candidate.id == FineTune.candidate_id)
        .where(FineTune.project_id == project_id)
    )
    after = decode_cursor(cursor)
    if after and is_id(str(after[0])):
        query = query.where(FineTune.id < str(after[0]))
    rows: Sequence[Any] = session.execute(
        narrowed.narrow(cast("Select[Any]", query)).order_by(FineTune.id.desc()).limit(limit + 1)
    ).all()
    return cut(rows, limit, lambda row: (row[0].id,))


def versions(session: Session, project_id: str, limit: int = 100) -> Sequence[DatasetVersion]:
    query = select(DatasetVersion).where(DatasetVersion.project_id == project_id)
    return session.scalars(query.order_by(DatasetVersion.number.desc()).limit(limit)).all()


def sealed_cases(session: Session, project_id: str) -> int:
    """Cases in sealed sets; 0 where no set is sealed."""
    query = select(func.coalesce(func.sum(TestSet.size), 0))
    return session.scalar(query.where(TestSet.project_id == project_id, TestSet.sealed_at.is_not(None))) or 0


def complete_run(session: Session, candidate_id: str) -> Row[int, str] | None:
    """(number, name of the set) of the candidate's latest complete run on a sealed set."""
    return session.execute(
        select(EvalRun.number, TestSet.name)
        .join(TestSet, TestSet.id == EvalRun.test_set_id)
        .where(EvalRun.candidate_id == candidate_id, EvalRun.status == "succeeded", TestSet.sealed_at.is_not(None))
        .order_by(EvalRun.id.desc())
        .limit(1)
    ).first()


def is_running(session: Session, candidate_id: str) -> bool:
    open_run = exists().where(EvalRun.candidate_id == candidate_id, EvalRun.status.in_(("queued", "running")))
    return bool(session.scalar(select(open_run)))


def held_out(session: Session, project_id: str, units: Collection[str]) -> set[str]:
    """Those of the units that stand on the test side, or are asked by a case of a sealed set."""
    listed_units = list(units)
    sides = select(SplitAssignment.unit).where(
        SplitAssignment.project_id == project_id,
        SplitAssignment.split == "test",
        one_of(SplitAssignment.unit, listed_units),
    )
    cases = (
        select(TestCase.fingerprint_unit)
        .join(TestSet, TestSet.id == TestCase.test_set_id)
        .where(
            TestCase.project_id == project_id,
            TestSet.sealed_at.is_not(None),
            one_of(TestCase.fingerprint_unit, listed_units),
        )
    )
    return set(session.scalars(sides.union(cases)))


def held_out_items(session: Session, version: DatasetVersion) -> int:
    """Items of the version whose prompt or group stands on the test side."""
    side = and_(
        SplitAssignment.project_id == DatasetVersionItem.project_id,
        SplitAssignment.split == "test",
        or_(
            SplitAssignment.unit == DatasetVersionItem.fingerprint_unit,
            SplitAssignment.unit == DatasetVersionItem.group_unit,
        ),
    )
    query = select(func.count(DatasetVersionItem.position.distinct())).join(SplitAssignment, side)
    return session.scalar(query.where(DatasetVersionItem.dataset_version_id == version.id)) or 0


def twin(session: Session, project_id: str, version_id: str, base_model: str) -> int | None:
    """The number of a fine-tune of the same version on the same base that is under way."""
    same = (FineTune.dataset_version_id == version_id, FineTune.base_model == base_model)
    under_way = FineTune.status.in_(("queued", "running"))
    query = select(FineTune.number).where(FineTune.project_id == project_id, under_way, *same)
    return session.scalar(query.order_by(FineTune.id.desc()).limit(1))


def past(session: Session, project_id: str, provider_id: str, base_model: str) -> list[Past]:
    """The project's latest finished fine-tunes of this model, for the estimate."""
    rows = session.scalars(
        select(FineTune)
        .where(
            FineTune.project_id == project_id,
            FineTune.provider_id == provider_id,
            FineTune.base_model == base_model,
            FineTune.status == "succeeded",
            FineTune.trained_tokens > 0,
        )
        .order_by(FineTune.id.desc())
        .limit(PAST_RUNS)
    )
    return [_past(row) for row in rows]


def _past(row: FineTune) -> Past:
    reckoned, planned = row.estimate.get("plain_tokens") or 0, row.estimate.get("epochs")
    epochs = (row.settled_hyperparameters or {}).get("n_epochs")
    if planned and isinstance(epochs, int):
        reckoned = reckoned * epochs / planned
    seconds = (row.finished_at - row.started_at).total_seconds() if row.finished_at and row.started_at else 0.0
    return Past(row.number, row.method, round(reckoned), row.trained_tokens or 0, seconds, row.objective)


def events(
    session: Session, fine_tune_id: str, *, kind: str | None = None, after: int = 0, limit: int | None = None
) -> Sequence[FineTuneEvent]:
    """In the order in which they were stored; with ``limit`` the last ones."""
    query = select(FineTuneEvent).where(FineTuneEvent.fine_tune_id == fine_tune_id, FineTuneEvent.id > after)
    if kind:
        query = query.where(FineTuneEvent.kind == kind)
    if limit is None:
        return session.scalars(query.order_by(FineTuneEvent.id)).all()
    return session.scalars(query.order_by(FineTuneEvent.id.desc()).limit(limit)).all()[::-1]


def log_lines(session: Session, fine_tune_id: str, *, samples: bool, limit: int) -> Sequence[FineTuneEvent]:
    """The latest messages first: those that announce a sample output, or all others."""
    announces = FineTuneEvent.message.startswith("Sample ")
    query = select(FineTuneEvent).where(
        FineTuneEvent.fine_tune_id == fine_tune_id,
        FineTuneEvent.kind == "message",
        announces if samples else ~announces,
    )
    return session.scalars(query.order_by(FineTuneEvent.id.desc()).limit(limit)).all()


def metrics(session: Session, fine_tune_id: str) -> Sequence[dict[str, Any]]:
    """What the metrics events say, in the order in which they were stored."""
    query = select(FineTuneEvent.data).where(FineTuneEvent.fine_tune_id == fine_tune_id)
    return session.scalars(query.where(FineTuneEvent.kind == "metrics").order_by(FineTuneEvent.id)).all()


def validations(session: Session, fine_tune_ids: Sequence[str]) -> Sequence[Row[str, dict[str, Any]]]:
    """(fine-tune, what the event says) of all metrics events of these that hold a validation loss, as stored."""
    query = select(FineTuneEvent.fine_tune_id, FineTuneEvent.data).where(
        FineTuneEvent.fine_tune_id.in_(fine_tune_ids),
        FineTuneEvent.kind == "metrics",
        or_(FineTuneEvent.data.has_key("valid_loss"), FineTuneEvent.data.has_key("full_valid_loss")),
    )
    return session.execute(query.order_by(FineTuneEvent.id)).all()


def log(session: Session, fine_tune_id: str, cursor: str | None, limit: int) -> Slice[FineTuneEvent]:
    """Every event, oldest first, a page at a time."""
    query = select(FineTuneEvent).where(FineTuneEvent.fine_tune_id == fine_tune_id)
    after = decode_cursor(cursor)
    if after and isinstance(after[0], int):
        query = query.where(FineTuneEvent.id > after[0])
    rows = session.scalars(query.order_by(FineTuneEvent.id).limit(limit + 1)).all()
    return cut(rows, limit, lambda row: (row.id,))


def last_event_id(session: Session, fine_tune_id: str) -> int:
    query = select(func.max(FineTuneEvent.id)).where(FineTuneEvent.fine_tune_id == fine_tune_id)
    return session.scalar(query) or 0


def checkpoints(session: Session, fine_tune_id: str) -> Sequence[Checkpoint]:
    query = select(Checkpoint).where(Checkpoint.fine_tune_id == fine_tune_id)
    return session.scalars(query.order_by(Checkpoint.step.desc())).all()


def version(session: Session, version_id: str) -> DatasetVersion:
    found = session.get(DatasetVersion, version_id)
    if found is None:
        raise NotFound("This dataset version")
    return found


def candidate(session: Session, candidate_id: str | None) -> Candidate | None:
    return session.get(Candidate, candidate_id) if candidate_id else None
