"""Guidelines under ``/api/v1``: versions, their differences, and sending examples back to review."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel

from app.annotation.guidelines import queries, service
from app.annotation.guidelines.forms import NewVersion, Requeue, Touched
from app.core.errors import Invalid
from app.examples.bulk import MAX_BULK
from app.examples.differences import words
from app.projects import guidelines
from app.projects.access import Engineer, Viewer
from app.projects.models import GuidelineVersion
from app.web.idempotency import api_router
from app.web.paging import ListAnswer
from app.web.session import SessionDep

router = api_router("annotation")
BASE = "/projects/{slug}/guideline"
Number = Annotated[int, Query(ge=1, le=1_000_000)]


class VersionOut(BaseModel):
    number: int
    text: str
    note: str
    created_by: str | None
    created_at: datetime
    current: bool

    @classmethod
    def of(cls, version: GuidelineVersion, current: int) -> "VersionOut":
        names = ("number", "text", "note", "created_by", "created_at")
        return cls(**{name: getattr(version, name) for name in names}, current=version.number == current)


class SegmentOut(BaseModel):
    text: str
    mark: Literal["", "added", "removed"]


class GuidelineDiff(BaseModel):
    before: int
    after: int
    segments: list[SegmentOut]


class Matching(BaseModel):
    """``more``: there are more than ``count``, too many to go back at once."""

    count: int
    more: bool


class Requeued(BaseModel):
    """``id`` takes it back: POST /examples/bulk/{id}/undo."""

    id: str
    changed: int


@router.get(BASE + "/versions")
def list_guideline_versions(session: SessionDep, access: Viewer) -> ListAnswer[VersionOut]:
    """Newest first."""
    rows = guidelines.versions(session, access.project.id)
    return ListAnswer(items=[VersionOut.of(one, access.project.guideline_version) for one, _who in rows])


@router.post(BASE + "/versions", status_code=201)
def write_guideline(session: SessionDep, access: Engineer, new: NewVersion) -> VersionOut:
    """The next version. 409 if ``based_on`` is not the current one; the same text answers the current version."""
    version = service.write(session, access, new)
    if version is None:
        raise Invalid.field("text", "There is no guideline yet, and this is empty.")
    session.refresh(version)
    return VersionOut.of(version, access.project.guideline_version)


@router.get(BASE + "/versions/{number}")
def get_guideline_version(session: SessionDep, access: Viewer, number: int) -> VersionOut:
    found = guidelines.version(session, access.project.id, min(number, 1_000_000))
    return VersionOut.of(found, access.project.guideline_version)


@router.get(BASE + "/diff")
def compare_guideline_versions(session: SessionDep, access: Viewer, before: Number, after: Number) -> GuidelineDiff:
    """Word by word."""
    texts = [guidelines.version(session, access.project.id, number).text for number in (before, after)]
    segments = [SegmentOut(text=one.text, mark=one.mark) for one in words(*texts)]
    return GuidelineDiff(before=before, after=after, segments=segments)


@router.get(BASE + "/requeue")
def count_touched(session: SessionDep, access: Viewer, wanted: Annotated[Touched, Query()]) -> Matching:
    """How many decided examples of the training pool match."""
    count = queries.count(session, access.project.id, wanted, MAX_BULK)
    return Matching(count=min(count, MAX_BULK), more=count > MAX_BULK)


@router.post(BASE + "/requeue")
def requeue_touched(session: SessionDep, access: Engineer, wanted: Requeue) -> Requeued:
    """Send them back to review. 409 if another number than ``expected_count`` matches."""
    change = service.requeue(session, access, wanted.filter, wanted.expected_count)
    return Requeued(id=change.id, changed=change.size)
