"""Disagreements under ``/api/v1``: listed, handed out, and settled as on the page, by those who may."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.annotation import settling
from app.annotation.api import AnnotationOut
from app.annotation.forms import NewSettlement
from app.annotation.rules import Opinion, differing
from app.annotation.settlement import queries
from app.core.errors import Conflict, Forbidden
from app.examples import queries as examples
from app.examples.models import Example
from app.projects.access import Access, Annotator
from app.web.idempotency import api_router
from app.web.paging import MAX_LIMIT, ListAnswer
from app.web.session import SessionDep

router = api_router("annotation")
BASE = "/projects/{slug}/disagreements"
ONE = BASE + "/{example_id}"


class OpinionOut(BaseModel):
    """``proposal``: what would become of the example if it held (status, messages, tags, behaviour, label)."""

    annotation_id: str
    annotator_id: str
    annotator: str
    verdict: str
    note: str
    proposal: dict[str, Any]
    created_at: datetime


class DisagreementOut(BaseModel):
    """``differs``: on what the opinions differ. ``mine_until``: until when it is yours alone, where you hold it."""

    example_id: str
    number: int
    revision: int
    request: str
    differs: list[str]
    opinions: list[OpinionOut]
    mine_until: datetime | None


@router.get(BASE)
def list_disagreements(
    session: SessionDep,
    access: Annotator,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 50,
) -> ListAnswer[DisagreementOut]:
    """Oldest first. For engineers and admins, and whom they let."""
    _check(access)
    found = queries.page(session, access.project.id, access.project.overlap, cursor, limit)
    return ListAnswer(items=_told(session, access, found.items), next_cursor=found.next_cursor)


@router.post(BASE + "/next", responses={204: {"description": "Nothing is left to settle."}})
def next_disagreement(session: SessionDep, access: Annotator, response: Response) -> DisagreementOut | None:
    """The one that you hold, else the oldest that nobody settles right now: it is yours alone for a while."""
    held = settling.next_disagreement(session, access)
    if held is None:
        response.status_code = 204
        return None
    session.flush()
    return _told(session, access, [examples.get(session, access.project.id, held.example_id)])[0]


@router.get(ONE)
def get_disagreement(session: SessionDep, access: Annotator, example_id: str) -> DisagreementOut:
    _check(access)
    found = queries.get(session, access.project.id, access.project.overlap, example_id)
    return _told(session, access, [found])[0]


@router.post(ONE + "/decision", status_code=201)
def settle(session: SessionDep, access: Annotator, example_id: str, new: NewSettlement) -> AnnotationOut:
    """As one of them said (``annotation_id``), or a verdict of your own. 409 where it is settled, or somebody else
    settles it right now; 403 without the permission. The annotation can be taken back like any other."""
    _check(access)
    example = examples.get(session, access.project.id, example_id)
    if queries.is_others(session, example.id, access.user.id):
        raise Conflict("Somebody else settles this one right now: take the next.")
    annotation = settling.settle(session, access, example, new)
    session.flush()
    session.refresh(annotation)
    return AnnotationOut.of(annotation)


def _check(access: Access) -> None:
    if not access.may_settle:
        raise Forbidden("Engineers and admins settle, and whom they let. Ask one of them for the permission.")


def _told(session: Session, access: Access, rows: Sequence[Example]) -> list[DisagreementOut]:
    said: dict[str, list[OpinionOut]] = defaultdict(list)
    ids = [one.id for one in rows]
    mine = queries.held_until(session, ids, access.user.id)
    for annotation, who in queries.opinions(session, ids):
        told = {
            name: getattr(annotation, name) for name in ("annotator_id", "verdict", "note", "proposal", "created_at")
        }
        said[annotation.example_id].append(OpinionOut(annotation_id=annotation.id, annotator=who, **told))
    return [
        DisagreementOut(
            example_id=one.id,
            number=one.number,
            revision=one.revision,
            request=one.request,
            differs=differing([Opinion(each.verdict, each.proposal) for each in said[one.id]]),
            opinions=said[one.id],
            mine_until=mine.get(one.id),
        )
        for one in rows
    ]
