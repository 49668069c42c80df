"""Links to verdicts under ``/api/v1``."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from app.decisions.links import queries, service
from app.decisions.links.forms import NewLink
from app.decisions.links.models import VerdictLink
from app.projects.access import Engineer, Viewer
from app.web.idempotency import api_router
from app.web.paging import ListAnswer
from app.web.session import SessionDep

router = api_router("decisions")
BASE = "/projects/{slug}/verdict-links"


class LinkOut(BaseModel):
    """``query`` names the comparison whose verdict it shows."""

    id: str
    query: dict[str, Any]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    opened: int
    last_opened_at: datetime | None

    @classmethod
    def of(cls, row: VerdictLink) -> "LinkOut":
        return cls.model_validate(row, from_attributes=True)


class NewLinkOut(LinkOut):
    """``url`` is answered once: of its token only a hash is kept."""

    url: str


@router.get(BASE)
def list_links(session: SessionDep, access: Viewer) -> ListAnswer[LinkOut]:
    """The newest 50."""
    return ListAnswer(items=[LinkOut.of(row[0]) for row in queries.listed(session, access.project.id)])


@router.post(BASE, status_code=201)
def create(session: SessionDep, access: Engineer, new: NewLink) -> NewLinkOut:
    """Anybody who has the link reads this verdict, as it stands, without an account, until it ends or is revoked."""
    row, url = service.create(session, access, new)
    session.refresh(row)
    return NewLinkOut(**LinkOut.of(row).model_dump(), url=url)


@router.delete(BASE + "/{link_id}")
def revoke(session: SessionDep, access: Engineer, link_id: str) -> LinkOut:
    return LinkOut.of(service.revoke(session, access, link_id))
