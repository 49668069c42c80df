"""The review queue under ``/api/v1``."""

from datetime import datetime
from typing import Any

from fastapi import Response
from pydantic import BaseModel

from app.annotation import queries, service
from app.annotation import reservation_queries as places
from app.annotation.forms import NewAnnotation, NextRequest
from app.annotation.models import Annotation
from app.examples import queries as examples
from app.projects.access import Annotator, Viewer
from app.web.idempotency import api_router
from app.web.paging import ListAnswer
from app.web.session import SessionDep

router = api_router("annotation")
BASE = "/projects/{slug}"


class Handed(BaseModel):
    """An example of the queue, and until when it is this person's alone."""

    id: str
    revision: int
    messages: list[dict[str, Any]]
    tools: list[Any] | None
    expected: dict[str, Any] | None
    status: str
    behavior: str | None
    tags: list[str]
    split: str
    updated_at: datetime
    reservation_id: str
    expires_at: datetime


class AnnotationOut(BaseModel):
    id: str
    example_id: str
    revision: int
    verdict: str
    label: str | None
    note: str
    flagged: bool
    seconds: float | None
    created_at: datetime

    @classmethod
    def of(cls, annotation: Annotation) -> "AnnotationOut":
        return cls.model_validate(annotation, from_attributes=True)


@router.post(BASE + "/reviews/next", responses={204: {"description": "Nothing is left to review."}})
def next_item(
    session: SessionDep, access: Annotator, response: Response, request: NextRequest | None = None
) -> Handed | None:
    held = service.next_item(session, access, request.filter if request else None)
    if held is None:
        response.status_code = 204
        return None
    example, revision = examples.with_content(session, access.project.id, held.example_id)
    current = {name: getattr(example, name) for name in ("id", "revision", "status", "split", "updated_at")}
    content = {name: getattr(revision, name) for name in ("messages", "tools", "expected", "behavior", "tags")}
    return Handed(**current, **content, reservation_id=held.id, expires_at=held.expires_at)


@router.post(BASE + "/reviews/{reservation_id}/skip", status_code=204)
def skip(session: SessionDep, access: Annotator, reservation_id: str) -> None:
    held = places.get(session, access.project.id, access.user.id, reservation_id)
    service.skip(session, access, held)


@router.get(BASE + "/examples/{example_id}/annotations")
def list_annotations(session: SessionDep, access: Viewer, example_id: str) -> ListAnswer[AnnotationOut]:
    example = examples.get(session, access.project.id, example_id)
    rows = queries.of_example(session, access.project.id, example.id, access.user.id)
    return ListAnswer(items=[AnnotationOut.of(annotation) for annotation, _who in rows])


@router.post(BASE + "/examples/{example_id}/annotations", status_code=201)
def annotate(session: SessionDep, access: Annotator, example_id: str, new: NewAnnotation) -> AnnotationOut:
    example = examples.get(session, access.project.id, example_id)
    annotation = service.annotate(session, access, example, new)
    session.refresh(annotation)
    return AnnotationOut.of(annotation)


@router.delete(BASE + "/examples/{example_id}/annotations/{annotation_id}", status_code=204)
def take_back(session: SessionDep, access: Annotator, example_id: str, annotation_id: str) -> None:
    annotation = queries.annotation(session, access.project.id, example_id, annotation_id)
    service.take_back(session, access, annotation)
