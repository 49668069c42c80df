"""Invitations of a round under ``/api/v1``."""

from datetime import datetime

from pydantic import BaseModel

from app.preferences import queries
from app.preferences.guests import pages, service
from app.preferences.guests.forms import NewInvitation
from app.preferences.guests.models import RoundInvitation
from app.preferences.models import PreferenceRound
from app.projects.access import Access, Engineer
from app.web.idempotency import api_router
from app.web.paging import ListAnswer
from app.web.session import SessionDep

router = api_router("preferences")
BASE = "/projects/{slug}/preference-rounds/{round_id}/invitations"


class InvitationOut(BaseModel):
    id: str
    name: str
    status: str
    created_at: datetime
    ends_at: datetime
    progress: dict[str, int]

    @classmethod
    def of(cls, line: pages.InvitationLine) -> "InvitationOut":
        return cls(
            id=line.id,
            name=line.name,
            status=line.state,
            created_at=line.made_at,
            ends_at=line.until,
            progress={"done": line.done, "total": line.total},
        )


class NewInvitationOut(InvitationOut):
    """``url`` is answered once: of its token only a hash is kept."""

    url: str


@router.get(BASE)
def list_invitations(session: SessionDep, access: Engineer, round_id: str) -> ListAnswer[InvitationOut]:
    round_ = queries.round_of(session, access.project.id, round_id)
    return ListAnswer(items=[InvitationOut.of(row) for row in pages.invitations(session, access, round_).rows])


@router.post(BASE, status_code=201)
def invite(session: SessionDep, access: Engineer, round_id: str, new: NewInvitation) -> NewInvitationOut:
    """Whoever has the link votes in this round as this guest, until it ends or is revoked, and sees nothing else."""
    round_ = queries.round_of(session, access.project.id, round_id)
    return _with_url(session, access, round_, *service.invite(session, access, round_, new))


@router.post(BASE + "/{invitation_id}/tokens", status_code=201)
def make_link(session: SessionDep, access: Engineer, round_id: str, invitation_id: str) -> NewInvitationOut:
    """A link for a seat that was made with the round, or a new one where a link was lost: the earlier one ends."""
    round_ = queries.round_of(session, access.project.id, round_id)
    return _with_url(session, access, round_, *service.make_link(session, access, round_, invitation_id))


def _with_url(
    session: SessionDep, access: Access, round_: PreferenceRound, row: RoundInvitation, url: str
) -> NewInvitationOut:
    line = next(one for one in pages.invitations(session, access, round_).rows if one.id == row.id)
    return NewInvitationOut(**InvitationOut.of(line).model_dump(), url=url)


@router.delete(BASE + "/{invitation_id}", status_code=204)
def revoke(session: SessionDep, access: Engineer, round_id: str, invitation_id: str) -> None:
    service.revoke(session, access, queries.round_of(session, access.project.id, round_id), invitation_id)
