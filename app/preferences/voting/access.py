"""Who votes: a member who was asked to, or a guest with a link to this one round."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from app.accounts.access import decides
from app.core.errors import NotFound, SignInRequired
from app.preferences.guests import entry
from app.preferences.voting import ballots
from app.preferences.voting.ballots import Frame
from app.projects.access import project_access
from app.web.session import SessionDep

member = project_access("annotator")


@dataclass(frozen=True)
class Voter:
    """A reviewer in their round."""

    id: str
    name: str
    email: str  # empty for guests
    slug: str
    project_name: str
    round: Frame

    @property
    def is_guest(self) -> bool:
        return not self.email

    @property
    def base(self) -> str:
        return f"/p/{self.slug}/rounds/{self.round.id}"


@decides("reviewer of the round")
def voter(slug: str, round_id: str, request: Request, session: SessionDep) -> Voter:
    """Whoever is signed in is that person; only without an account in the browser does a guest's link count."""
    try:
        access = member(slug, request, session)
    except SignInRequired:
        return _guest(slug, round_id, request, session)
    user, project = access.user, access.project
    round_ = ballots.frame(session, project.id, round_id, user.id)
    return Voter(user.id, user.name, user.email, project.slug, project.name, round_)


def _guest(slug: str, round_id: str, request: Request, session: SessionDep) -> Voter:
    """The API knows no guests: it takes bearer tokens only, and a guest cannot make one."""
    cookie = request.cookies.get(entry.COOKIE)
    if cookie is None or request.url.path.startswith("/api/"):
        raise SignInRequired
    found = entry.guest_of(session, cookie)
    if found is None:
        raise SignInRequired
    if (found.slug, found.round_id) != (slug, round_id):
        raise NotFound("This page")
    round_ = ballots.frame(session, found.project_id, round_id, found.user_id)
    return Voter(found.user_id, found.name, "", found.slug, found.project_name, round_)


VoterDep = Annotated[Voter, Depends(voter, scope="function")]
