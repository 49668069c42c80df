"""Versions of a project's guideline: every change of the text is a new one, and the old ones stay."""

from collections.abc import Sequence

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.accounts.models import User
from app.core.errors import Conflict, Invalid, NotFound
from app.projects.models import GuidelineVersion, Project

MAX_TEXT = 50_000


def begin(session: Session, user: User, project: Project) -> None:
    """The first version of a project that was made with a guideline."""
    text, project.guideline = project.guideline, ""
    write(session, user, project, text)


def write(
    session: Session, user: User | None, project: Project, text: str, note: str = "", based_on: int | None = None
) -> int:
    """Make ``text`` the guideline, as the next version; answers its number. The same text makes no new version.

    ``based_on`` is the version that was edited: raises Conflict if there is a newer one by now.
    """
    text = text.replace("\r\n", "\n").strip()
    if len(text) > MAX_TEXT:
        raise Invalid.field("text", f"At most {MAX_TEXT:,} characters.")
    session.flush()
    session.refresh(project, with_for_update=True)
    if based_on is not None and based_on != project.guideline_version:
        raise Conflict(f"Version {project.guideline_version} was written while you edited version {based_on}.")
    if text == project.guideline:
        return project.guideline_version
    project.guideline_version += 1
    project.guideline = text
    number, author = project.guideline_version, user.id if user else None
    session.add(GuidelineVersion(project_id=project.id, number=number, text=text, note=note, created_by=author))
    record(session, "write", "guideline", project.id, actor_id=author, project_id=project.id, name=f"v{number}")
    session.flush()
    return number


def version(session: Session, project_id: str, number: int) -> GuidelineVersion:
    query = select(GuidelineVersion).where(GuidelineVersion.project_id == project_id)
    found = session.scalar(query.where(GuidelineVersion.number == number))
    if found is None:
        raise NotFound("This version of the guideline")
    return found


def versions(session: Session, project_id: str) -> Sequence[Row[GuidelineVersion, str | None]]:
    """(version, who wrote it), newest first."""
    query = select(GuidelineVersion, User.name).outerjoin(User, User.id == GuidelineVersion.created_by)
    query = query.where(GuidelineVersion.project_id == project_id)
    return session.execute(query.order_by(GuidelineVersion.number.desc())).all()
