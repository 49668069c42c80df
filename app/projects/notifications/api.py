"""Webhook and messages under ``/api/v1``."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from app.core.errors import NotFound
from app.projects.access import Admin
from app.projects.notifications import service
from app.projects.notifications.forms import NewWebhook
from app.projects.notifications.models import Notification, Webhook
from app.web.idempotency import api_router
from app.web.paging import ListAnswer
from app.web.session import SessionDep

router = api_router("notifications")
BASE = "/projects/{slug}"


class WebhookOut(BaseModel):
    url: str
    created_at: datetime


class NewWebhookOut(BaseModel):
    """``secret`` signs what is sent (standardwebhooks.com). It is answered once."""

    url: str
    secret: str


class NotificationOut(BaseModel):
    id: str
    channel: Literal["mail", "webhook"]
    event: str
    user_id: str | None
    status: Literal["queued", "sent", "failed"]
    attempts: int
    error: str | None
    created_at: datetime
    sent_at: datetime | None

    @classmethod
    def of(cls, one: Notification) -> "NotificationOut":
        return cls.model_validate(one, from_attributes=True)


@router.get(BASE + "/webhook")
def get_webhook(session: SessionDep, access: Admin) -> WebhookOut:
    hook = session.get(Webhook, access.project.id)
    if hook is None:
        raise NotFound("A webhook of this project")
    return WebhookOut(url=hook.url, created_at=hook.created_at)


@router.put(BASE + "/webhook")
def set_webhook(session: SessionDep, access: Admin, new: NewWebhook) -> NewWebhookOut:
    """Only origins that HOLDOUT_WEBHOOK_ORIGINS lists; each setting makes a new secret."""
    secret = service.set_webhook(session, access.user, access.project, new.url)
    return NewWebhookOut(url=new.url, secret=secret)


@router.delete(BASE + "/webhook", status_code=204)
def remove_webhook(session: SessionDep, access: Admin) -> None:
    service.remove_webhook(session, access.user, access.project)


@router.post(BASE + "/webhook/test", status_code=202)
def test_webhook(session: SessionDep, access: Admin) -> None:
    """Send a message that says it is a test; what becomes of it stands in GET /notifications."""
    service.test_webhook(session, access.project, access.user)


@router.get(BASE + "/notifications")
def list_notifications(session: SessionDep, access: Admin) -> ListAnswer[NotificationOut]:
    """The newest 30 messages."""
    return ListAnswer(items=[NotificationOut.of(one) for one, _who in service.latest(session, access.project.id)])
