"""Verbs of links."""

from datetime import timedelta

from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.comparisons.forms import Wanted
from app.core.clock import utcnow
from app.core.errors import Conflict, HoldoutError, NotFound
from app.core.ids import new_token, token_hash
from app.core.settings import get_settings
from app.decisions import report, service
from app.decisions.links import queries
from app.decisions.links.forms import NewLink
from app.decisions.links.models import VerdictLink
from app.decisions.report import Report
from app.projects import queries as projects
from app.projects.access import Access

PREFIX = "verdict"
COMPARED = {"baseline", "candidate", "test_set", "baseline_run", "candidate_run"}


def create(session: Session, access: Access, new: NewLink) -> tuple[VerdictLink, str]:
    """(link, its address, which is not shown again). Raises what the verdict itself would."""
    found = service.decide(session, access, new).found
    query = new.model_dump(include=COMPARED, exclude_none=True)
    query |= {"baseline": found.sides.baseline.id, "candidate": found.sides.candidate.id}
    query["test_set"] = [pair.test_set.id for pair in found.pairs]
    token = new_token(PREFIX)
    row = VerdictLink(
        project_id=access.project.id,
        token_hash=token_hash(token),
        query=query,
        created_by=access.user.id,
        expires_at=utcnow() + timedelta(days=new.days),
    )
    session.add(row)
    session.flush()
    _record(session, access, "share", row, days=new.days, candidate=found.sides.candidate.name)
    return row, address(token)


def address(token: str) -> str:
    return f"{get_settings().address}/shared/{token}"


def revoke(session: Session, access: Access, link_id: str) -> VerdictLink:
    """From now on it opens nothing. Conflict where that was so already."""
    row = queries.one(session, access.project.id, link_id)
    if row.revoked_at is not None:
        raise Conflict("This link was revoked already.")
    row.revoked_at, row.revoked_by = utcnow(), access.user.id
    _record(session, access, "revoke", row)
    return row


def opened(session: Session, token: str) -> Report:
    """What the link shows. One and the same NotFound for a token that never was, is over or was taken back.

    It shows no more than its maker may see: it dies with their membership, and while they vote blind on a run.
    """
    found = queries.by_token(session, token)
    if found is None:
        raise NotFound("This link")
    link, maker, project = found
    member = projects.membership(session, project.id, maker.id)
    may = maker.disabled_at is None and (member is not None or maker.is_instance_admin)
    if not may or link.revoked_at is not None or link.expires_at <= utcnow():
        raise NotFound("This link")
    try:
        shown = report.report(session, Access(maker, project, "viewer"), Wanted.model_validate(link.query))
    except HoldoutError as error:  # what it showed is gone, or hidden from its maker
        raise NotFound("This link") from error
    link.opened += 1
    link.last_opened_at = utcnow()
    return shown


def _record(session: Session, access: Access, action: str, row: VerdictLink, **detail: object) -> None:
    record(session, action, "verdict link", row.id, actor_id=access.user.id, project_id=access.project.id, **detail)
