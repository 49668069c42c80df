"""SQL of previews."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import NotFound
from app.core.ids import is_id
from app.finetunes.preview.models import LaunchPreview


def one(session: Session, project_id: str, preview_id: str) -> LaunchPreview:
    query = select(LaunchPreview).where(LaunchPreview.project_id == project_id, LaunchPreview.id == preview_id)
    found = session.scalar(query) if is_id(preview_id) else None
    if found is None:
        raise NotFound("This preview")
    return found


def latest(
    session: Session, project_id: str, provider_id: str, base_model: str, version_id: str | None, objective: str
) -> LaunchPreview | None:
    """The newest of this model that came to its end; with ``version_id`` of that version and objective."""
    query = select(LaunchPreview).where(
        LaunchPreview.project_id == project_id,
        LaunchPreview.provider_id == provider_id,
        LaunchPreview.base_model == base_model,
        LaunchPreview.status == "succeeded",
        LaunchPreview.result.is_not(None),
    )
    if version_id is not None:
        query = query.where(LaunchPreview.dataset_version_id == version_id, LaunchPreview.objective == objective)
    return session.scalar(query.order_by(LaunchPreview.id.desc()).limit(1))
