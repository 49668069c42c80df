"""Previews under ``/api/v1``."""

from typing import Any

from pydantic import BaseModel

from app.finetunes.preview import queries, service
from app.finetunes.preview.forms import NewPreview
from app.finetunes.preview.models import LaunchPreview
from app.projects.access import Engineer
from app.web.idempotency import api_router
from app.web.session import SessionDep

router = api_router("fine-tunes")
BASE = "/projects/{slug}/fine-tunes/previews"


class PreviewOut(BaseModel):
    """``result``: ``rows`` (``tokens``: stretches of text and whether they are ``trained``), and of the local engine
    ``counts``, ``problems``, ``base`` (the model's shape) and ``machine``."""

    id: str
    status: str
    error: str | None
    result: dict[str, Any] | None

    @classmethod
    def of(cls, row: LaunchPreview) -> "PreviewOut":
        return cls(id=row.id, status=row.status, error=row.error, result=row.result)


@router.post(BASE, status_code=202)
def begin(session: SessionDep, access: Engineer, new: NewPreview) -> PreviewOut:
    """The first rows as the model would see them, with the tokens that carry loss; the local engine is asked."""
    return PreviewOut.of(service.begin(session, access, new))


@router.get(BASE + "/{preview_id}")
def one(session: SessionDep, access: Engineer, preview_id: str) -> PreviewOut:
    return PreviewOut.of(queries.one(session, access.project.id, preview_id))
