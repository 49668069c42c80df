"""All SQL of links."""

from collections.abc import Sequence

from sqlalchemy import Row, select
from sqlalchemy.orm import Session, aliased

from app.accounts.models import User
from app.core.errors import NotFound
from app.core.ids import is_id, token_hash
from app.decisions.links.models import VerdictLink
from app.projects.models import Project

SHOWN = 50
LinkRow = Row[VerdictLink, str, str | None]


def listed(session: Session, project_id: str) -> Sequence[LinkRow]:
    """(link, who made it, who revoked it), newest first."""
    revoker = aliased(User)
    return session.execute(
        select(VerdictLink, User.name, revoker.name)
        .join(User, User.id == VerdictLink.created_by)
        .outerjoin(revoker, revoker.id == VerdictLink.revoked_by)
        .where(VerdictLink.project_id == project_id)
        .order_by(VerdictLink.id.desc())
        .limit(SHOWN)
    ).all()


def one(session: Session, project_id: str, link_id: str) -> VerdictLink:
    query = select(VerdictLink).where(VerdictLink.project_id == project_id, VerdictLink.id == link_id)
    found = session.scalar(query.with_for_update()) if is_id(link_id) else None
    if found is None:
        raise NotFound("This link")
    return found


def by_token(session: Session, token: str) -> Row[VerdictLink, User, Project] | None:
    """(link, who made it, project) of a token; expired and revoked ones too."""
    return session.execute(
        select(VerdictLink, User, Project)
        .join(User, User.id == VerdictLink.created_by)
        .join(Project, Project.id == VerdictLink.project_id)
        .where(VerdictLink.token_hash == token_hash(token))
    ).first()
