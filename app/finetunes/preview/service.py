"""Asking for a preview, and what previews have told."""

from sqlalchemy.orm import Session

from app.core.clock import utcnow
from app.core.errors import FieldError, Invalid, NotFound
from app.datasets import versions
from app.finetunes.material import service as materials
from app.finetunes.preview import queries, rules
from app.finetunes.preview.forms import NewPreview
from app.finetunes.preview.models import LaunchPreview
from app.finetunes.preview.rules import Measured
from app.gateway.queries import usable
from app.jobs.queue import enqueue
from app.projects.access import Access


def begin(session: Session, access: Access, new: NewPreview) -> LaunchPreview:
    """Have the engine asked; for a hosted provider the text is made at once. Raises Invalid naming the field."""
    try:
        version = versions.load(session, access.project.id, new.dataset_version_id)
    except NotFound as error:
        raise Invalid.field("dataset_version_id", "Choose a frozen version of this project.") from error
    try:
        provider = usable(session, new.provider_id)
    except NotFound as error:
        raise Invalid("No such provider.", [FieldError("provider_id", str(error))]) from error
    material = materials.named(
        session, version, objective=new.objective, validation_version_id=None, validation_share=None
    )
    row = LaunchPreview(
        project_id=access.project.id,
        provider_id=provider.id,
        base_model=new.base_model,
        dataset_version_id=version.id,
        objective=new.objective,
        status="queued",
        created_by=access.user.id,
    )
    if provider.kind != "local_engine":
        row.result = rules.of_text(materials.training(session, material))
        row.status, row.finished_at = "succeeded", utcnow()
    session.add(row)
    session.flush()
    if row.status == "queued":
        enqueue(session, "finetunes.preview", key=f"preview:{row.id}", preview_id=row.id)
    return row


def told(
    session: Session, project_id: str, provider_id: str, base_model: str, version_id: str, objective: str
) -> Measured | None:
    """What the engine last told of this model, and of this version where that was asked; None where nothing was."""
    exact = queries.latest(session, project_id, provider_id, base_model, version_id, objective)
    if exact is not None and exact.result and exact.result.get("base"):
        return rules.measured(exact.result, counts=True)
    other = queries.latest(session, project_id, provider_id, base_model, None, objective)
    if other is not None and other.result and other.result.get("base"):
        return rules.measured(other.result, counts=False)
    return None
