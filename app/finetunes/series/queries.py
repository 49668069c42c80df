"""SQL of series."""

from collections.abc import Sequence

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from app.annotation.assist.models import ModelBatch
from app.core.errors import NotFound
from app.core.ids import is_id
from app.datasets.models import DatasetVersion
from app.finetunes.development.models import DevelopmentRun
from app.finetunes.models import FineTune
from app.finetunes.series.models import FineTuneSeries, FineTuneSeriesMember
from app.web.paging import Slice, cut, decode_cursor


def series(session: Session, project_id: str, series_id: str, *, lock: bool = False) -> FineTuneSeries:
    """Locked, its fine-tunes are first: that is the order in which a worker takes them."""
    query = select(FineTuneSeries).where(FineTuneSeries.project_id == project_id, FineTuneSeries.id == series_id)
    if lock and is_id(series_id):
        own = select(FineTuneSeriesMember.fine_tune_id).where(FineTuneSeriesMember.series_id == series_id)
        session.execute(select(FineTune.id).where(FineTune.id.in_(own)).order_by(FineTune.id).with_for_update())
        query = query.with_for_update()
    found = session.scalar(query) if is_id(series_id) else None
    if found is None:
        raise NotFound("This series")
    return found


def listed(session: Session, project_id: str, cursor: str | None, limit: int) -> Slice[FineTuneSeries]:
    """Newest first."""
    query = select(FineTuneSeries).where(FineTuneSeries.project_id == project_id)
    after = decode_cursor(cursor)
    if after and is_id(str(after[0])):
        query = query.where(FineTuneSeries.id < str(after[0]))
    rows = session.scalars(query.order_by(FineTuneSeries.id.desc()).limit(limit + 1)).all()
    return cut(rows, limit, lambda row: (row.id,))


def members(session: Session, series_id: str) -> Sequence[Row[FineTuneSeriesMember, FineTune, DatasetVersion]]:
    """(member, its fine-tune, the version that it trains on), in their order."""
    query = (
        select(FineTuneSeriesMember, FineTune, DatasetVersion)
        .join(FineTune, FineTune.id == FineTuneSeriesMember.fine_tune_id)
        .join(DatasetVersion, DatasetVersion.id == FineTune.dataset_version_id)
        .where(FineTuneSeriesMember.series_id == series_id)
    )
    return session.execute(query.order_by(FineTuneSeriesMember.position)).all()


def member_of(session: Session, fine_tune_id: str) -> FineTuneSeriesMember | None:
    return session.get(FineTuneSeriesMember, fine_tune_id)


def measuring_cost(session: Session, series_id: str) -> float:
    """What the development runs of the series have cost so far, in dollars."""
    query = (
        select(func.coalesce(func.sum(ModelBatch.cost), 0))
        .join(DevelopmentRun, DevelopmentRun.batch_id == ModelBatch.id)
        .join(FineTuneSeriesMember, FineTuneSeriesMember.fine_tune_id == DevelopmentRun.fine_tune_id)
    )
    return float(session.scalar(query.where(FineTuneSeriesMember.series_id == series_id)) or 0)
