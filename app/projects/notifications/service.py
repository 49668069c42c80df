"""Verbs of notifications: tell somebody, and where a project's news go."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.accounts.models import User
from app.core.errors import Conflict, NotFound
from app.core.ids import new_id
from app.core.settings import get_settings
from app.gateway import keys, mail, webhooks
from app.jobs.queue import enqueue
from app.projects.models import Project
from app.projects.notifications.models import Notification, Webhook

SHOWN = 30


def address(project: Project, path: str = "") -> str:
    """The address of a page of the project, as people outside reach it."""
    return f"{get_settings().address}/p/{project.slug}{path}"


def tell(
    session: Session, project: Project, user: User, event: str, subject: str, text: str, *, once: str, **data: Any
) -> None:
    """By mail to the person and by webhook to the team, where these are set up. ``once`` names the news: the same is
    told once on each way."""
    if mail.configured() and user.disabled_at is None:
        _put(session, project, "mail", user.id, event, {"subject": subject, "text": text}, f"mail:{once}")
    if session.get(Webhook, project.id) is not None:
        payload = {"text": text, "project": project.slug, "person": user.email, **data}
        _put(session, project, "webhook", user.id, event, payload, f"webhook:{once}")


def tell_team(session: Session, project: Project, event: str, text: str, *, once: str, **data: Any) -> None:
    """By webhook alone, where one is set up: news that are nobody's in particular. ``once`` as in ``tell``."""
    if session.get(Webhook, project.id) is not None:
        _put(
            session, project, "webhook", None, event, {"text": text, "project": project.slug, **data}, f"webhook:{once}"
        )


def test_webhook(session: Session, project: Project, user: User) -> None:
    """A message that says so. Raises NotFound without a webhook."""
    if session.get(Webhook, project.id) is None:
        raise NotFound("A webhook of this project")
    payload = {"text": f"This is a test from {project.name}.", "project": project.slug, "person": user.email}
    _put(session, project, "webhook", user.id, "test", payload, None)


def _put(
    session: Session,
    project: Project,
    channel: str,
    user_id: str | None,
    event: str,
    payload: dict[str, Any],
    key: str | None,
) -> None:
    values = {"project_id": project.id, "channel": channel, "user_id": user_id, "event": event, "payload": payload}
    row = insert(Notification).values(id=new_id(), dedupe_key=key, status="queued", attempts=0, **values)
    made = session.scalar(row.on_conflict_do_nothing(index_elements=["dedupe_key"]).returning(Notification.id))
    if made:
        enqueue(session, "projects.notify", key=f"notify:{made}", notification_id=made)


def set_webhook(session: Session, user: User, project: Project, url: str) -> str:
    """Where the news go from now on; answers the signing secret, which is not shown again. Raises Invalid."""
    url, secret = webhooks.check_url(url), webhooks.new_secret()
    sealed = keys.encrypt(project.id, url, secret)
    session.merge(Webhook(project_id=project.id, url=url, secret_ciphertext=sealed, created_by=user.id))
    record(session, "set", "webhook", project.id, actor_id=user.id, project_id=project.id)
    session.flush()
    return secret


def remove_webhook(session: Session, user: User, project: Project) -> None:
    found = session.get(Webhook, project.id)
    if found is None:
        raise NotFound("A webhook of this project")
    session.delete(found)
    record(session, "remove", "webhook", project.id, actor_id=user.id, project_id=project.id)


def send_again(session: Session, project: Project, notification_id: str) -> None:
    """A message that was given up."""
    found = session.get(Notification, notification_id, with_for_update=True)
    if found is None or found.project_id != project.id:
        raise NotFound("This message")
    if found.status != "failed":
        raise Conflict("Only a message that was given up can be sent again.")
    found.status, found.attempts, found.error = "queued", 0, None
    enqueue(session, "projects.notify", key=f"notify:{found.id}", notification_id=found.id)


def latest(session: Session, project_id: str) -> list[tuple[Notification, str | None]]:
    """(message, to whom), newest first."""
    query = select(Notification, User.name).outerjoin(User, User.id == Notification.user_id)
    query = query.where(Notification.project_id == project_id).order_by(Notification.id.desc())
    return [(row[0], row[1]) for row in session.execute(query.limit(SHOWN))]
