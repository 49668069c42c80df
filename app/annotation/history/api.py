"""The timeline of one example under ``/api/v1``."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from app.annotation.history.entries import timeline
from app.examples import queries as examples
from app.projects.access import Viewer
from app.web.idempotency import api_router
from app.web.paging import ListAnswer
from app.web.session import SessionDep

router = api_router("annotation")


class HistoryEntry(BaseModel):
    """``what`` is what ``who`` did, ``why`` are their own words."""

    kind: Literal["revision", "annotation", "status", "finding", "comment"]
    at: datetime
    who: str
    what: str
    why: str
    revision: int | None


@router.get("/projects/{slug}/examples/{example_id}/history")
def get_history(session: SessionDep, access: Viewer, example_id: str) -> ListAnswer[HistoryEntry]:
    """Who changed what, when and why, newest first; what is still hidden from you is left out."""
    example = examples.get(session, access.project.id, example_id)
    entries = timeline(session, access.project.id, example, access.user.id)
    return ListAnswer(items=[HistoryEntry.model_validate(vars(one)) for one in entries])
