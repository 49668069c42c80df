"""Saved filters under ``/api/v1``."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from app.examples import saved_filters
from app.examples.models import SavedFilter
from app.examples.saved_filters import NewSavedFilter, SavedFilterChange
from app.projects.access import Annotator, Viewer
from app.web.idempotency import api_router
from app.web.paging import ListAnswer
from app.web.session import SessionDep

router = api_router("examples")
BASE = "/projects/{slug}/saved-filters"


class SavedFilterOut(BaseModel):
    id: str
    name: str
    filter: dict[str, Any]
    created_by: str | None
    created_at: datetime

    @classmethod
    def of(cls, saved: SavedFilter) -> "SavedFilterOut":
        return cls.model_validate(saved, from_attributes=True)


@router.get(BASE)
def list_saved_filters(session: SessionDep, access: Viewer) -> ListAnswer[SavedFilterOut]:
    """By name. ``filter`` holds the query parameters of GET /examples."""
    return ListAnswer(items=[SavedFilterOut.of(one) for one, _who in saved_filters.all_of(session, access.project.id)])


@router.post(BASE, status_code=201)
def save_filter(session: SessionDep, access: Annotator, new: NewSavedFilter) -> SavedFilterOut:
    saved = saved_filters.save(session, access, new)
    session.refresh(saved)
    return SavedFilterOut.of(saved)


@router.patch(BASE + "/{saved_id}")
def change_saved_filter(
    session: SessionDep, access: Annotator, saved_id: str, change: SavedFilterChange
) -> SavedFilterOut:
    """By who saved it, or an engineer."""
    saved = saved_filters.get(session, access.project.id, saved_id)
    return SavedFilterOut.of(saved_filters.change(session, access, saved, change))


@router.delete(BASE + "/{saved_id}", status_code=204)
def remove_saved_filter(session: SessionDep, access: Annotator, saved_id: str) -> None:
    saved_filters.remove(session, access, saved_filters.get(session, access.project.id, saved_id))
