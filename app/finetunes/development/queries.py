"""SQL of development runs."""

from collections.abc import Sequence

from sqlalchemy import Row, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.annotation.assist.models import ModelBatch
from app.core.errors import NotFound
from app.core.ids import is_id
from app.datasets.models import DatasetVersion, DatasetVersionItem
from app.examples.models import Revision
from app.finetunes.development.models import DevelopmentRun


def run(session: Session, fine_tune_id: str, run_id: str) -> DevelopmentRun:
    query = select(DevelopmentRun).where(DevelopmentRun.fine_tune_id == fine_tune_id, DevelopmentRun.id == run_id)
    found = session.scalar(query) if is_id(run_id) else None
    if found is None:
        raise NotFound("This development run")
    return found


def of(session: Session, fine_tune_ids: Sequence[str]) -> Sequence[Row[DevelopmentRun, ModelBatch]]:
    """(run, its batch) of these fine-tunes, the latest first."""
    query = select(DevelopmentRun, ModelBatch).join(ModelBatch, ModelBatch.id == DevelopmentRun.batch_id)
    query = query.where(DevelopmentRun.fine_tune_id.in_(fine_tune_ids))
    return session.execute(query.order_by(DevelopmentRun.id.desc())).all()


def example_ids(session: Session, version_id: str, limit: int) -> Sequence[str]:
    query = select(DatasetVersionItem.example_id).where(DatasetVersionItem.dataset_version_id == version_id)
    return session.scalars(query.order_by(DatasetVersionItem.position).limit(limit)).all()


def contents(session: Session, version_id: str) -> Sequence[Revision]:
    query = select(Revision).join(DatasetVersionItem, DatasetVersionItem.revision_id == Revision.id)
    return session.scalars(query.where(DatasetVersionItem.dataset_version_id == version_id)).all()


def shared(session: Session, version_id: str, trained_id: str) -> int:
    """How many examples of the version were trained on, in whatever revision, or belong to a group that was."""
    asked, taught = aliased(DatasetVersionItem), aliased(DatasetVersionItem)
    same = or_(
        taught.example_id == asked.example_id,
        taught.fingerprint_unit == asked.fingerprint_unit,
        taught.group_unit == asked.group_unit,
    )
    trained = select(taught.position).where(taught.dataset_version_id == trained_id, same).exists()
    query = select(func.count()).select_from(asked).where(asked.dataset_version_id == version_id, trained)
    return session.scalar(query) or 0


def untrained_versions(session: Session, project_id: str, trained_id: str, limit: int = 20) -> list[DatasetVersion]:
    """The latest versions that share no example with the one that was trained on."""
    asked, taught = aliased(DatasetVersionItem), aliased(DatasetVersionItem)
    both = (
        select(asked.position)
        .join(taught, taught.example_id == asked.example_id)
        .where(asked.dataset_version_id == DatasetVersion.id, taught.dataset_version_id == trained_id)
        .exists()
    )
    query = select(DatasetVersion).where(DatasetVersion.project_id == project_id, ~both)
    return list(session.scalars(query.order_by(DatasetVersion.number.desc()).limit(limit)))
