"""Agreement, pace and expert time under ``/api/v1``."""

from typing import Any

from app.annotation.agreement import pages
from app.projects.access import Viewer
from app.web.idempotency import api_router
from app.web.session import SessionDep

router = api_router("annotation")


@router.get("/projects/{slug}/agreement")
def agreement(session: SessionDep, access: Viewer) -> dict[str, Any]:
    """Of each aspect (verdict, behavior, label): agreement with intervals, and what is confused with what."""
    return pages.as_json(session, access)
