"""Delivering one message; tried again with growing rests, then given up and shown."""

import asyncio
import time

import orjson
from procrastinate import RetryStrategy

from app.accounts.models import User
from app.core.clock import utcnow
from app.core.db import transaction
from app.gateway import keys, mail, webhooks
from app.jobs.queue import queue
from app.projects.notifications.models import Notification, Webhook

ATTEMPTS = 6  # within about an hour and a half: 4 s, 16 s, 1 min, 4 min, 17 min, 68 min apart


class TryAgain(Exception):
    """Not delivered this time."""


@queue.task(
    name="projects.notify",
    retry=RetryStrategy(max_attempts=ATTEMPTS - 1, exponential_wait=4, retry_exceptions=[TryAgain]),
)
async def notify(notification_id: str) -> None:
    """A crash between delivery and its record sends again: the message's id is the same, so receivers can tell."""
    ready = await asyncio.to_thread(_begin, notification_id)
    if ready is None:
        return
    message, target, secret = ready
    try:
        if message.channel == "mail":
            payload = message.payload
            await asyncio.to_thread(mail.send, target, payload["subject"], payload["text"], message.id)
        else:
            body = {"type": message.event, "timestamp": message.created_at.isoformat(), "data": message.payload}
            await webhooks.post(target, secret, message.id, int(time.time()), orjson.dumps(body))
    except (mail.MailNotSent, webhooks.WebhookFailed) as error:
        await asyncio.to_thread(_end, notification_id, str(error))
        if message.attempts < ATTEMPTS:
            raise TryAgain from error
        return
    await asyncio.to_thread(_end, notification_id, None)


def _begin(notification_id: str) -> tuple[Notification, str, str] | None:
    """(message, address, signing secret); None where there is nothing to do any more."""
    with transaction() as session:
        message = session.get(Notification, notification_id, with_for_update=True)
        if message is None or message.status != "queued":
            return None
        message.attempts += 1
        if message.channel == "mail":
            user = session.get(User, message.user_id) if message.user_id else None
            if user is not None and user.disabled_at is None and mail.configured():
                return message, user.email, ""
        elif (hook := session.get(Webhook, message.project_id)) is not None:
            try:
                return message, hook.url, keys.decrypt(hook.project_id, hook.url, hook.secret_ciphertext)
            except keys.UnreadableKey as error:
                message.status, message.error = "failed", str(error)
                return None
        message.status, message.error = "failed", "There is no longer a way to send it."
        return None


def _end(notification_id: str, error: str | None) -> None:
    with transaction() as session:
        message = session.get(Notification, notification_id, with_for_update=True)
        if message is None:
            return
        message.error = error
        if error is None:
            message.status, message.sent_at = "sent", utcnow()
        elif message.attempts >= ATTEMPTS:
            message.status = "failed"
