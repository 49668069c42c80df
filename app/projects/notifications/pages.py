"""Typed context of the notifications page."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from app.gateway import mail, webhooks
from app.projects.access import Access
from app.projects.notifications import service
from app.projects.notifications.models import Webhook
from app.web.forms import FormState


@dataclass(frozen=True)
class MessageView:
    id: str
    channel: str
    event: str
    who: str
    status: str
    attempts: int
    error: str | None
    at: datetime


@dataclass(frozen=True)
class NotificationsPage:
    """``secret`` is shown once, in the answer to the request that set the address."""

    slug: str
    mail: bool
    origins: Sequence[str]
    url: str | None
    secret: str | None
    messages: Sequence[MessageView]
    form: FormState = field(default_factory=FormState)
    title: str = "Notifications"

    @property
    def base(self) -> str:
        return f"/p/{self.slug}/notifications"

    @property
    def answer(self) -> str:
        ways = [*(["mail"] if self.mail else []), *(["the webhook"] if self.url else [])]
        return f"People are told by {' and '.join(ways)}." if ways else "Nobody is told outside this app yet."


def notifications(
    session: Session, access: Access, *, form: FormState | None = None, secret: str | None = None
) -> NotificationsPage:
    hook = session.get(Webhook, access.project.id)
    rows = service.latest(session, access.project.id)
    messages = [
        MessageView(one.id, one.channel, one.event, who or "–", one.status, one.attempts, one.error, one.created_at)
        for one, who in rows
    ]
    return NotificationsPage(
        slug=access.project.slug,
        mail=mail.configured(),
        origins=sorted(webhooks.allowed_origins()),
        url=hook.url if hook else None,
        secret=secret,
        messages=messages,
        form=form or FormState(),
    )
