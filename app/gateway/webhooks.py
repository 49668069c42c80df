"""Telling another program by an HTTP POST, signed by the Standard Webhooks scheme (standardwebhooks.com).

Only origins that HOLDOUT_WEBHOOK_ORIGINS lists are called, private ones included: whoever runs the instance decides.
"""

import base64
import hashlib
import hmac
import secrets
from urllib.parse import urlsplit

from app.core.errors import Invalid
from app.core.settings import get_settings
from app.gateway.origins import origin_of, tidy_base_url

SECONDS = 10.0
PREFIX = "whsec_"
MAX_LENGTH = 1000


class WebhookFailed(Exception):
    """Nobody answered, or not with success; the message says how."""


def allowed_origins() -> set[str]:
    given = get_settings().webhook_origins.split(",")
    return {origin_of(tidy_base_url(one)) for one in given if one.strip()}


def check_url(url: str) -> str:
    """The address, if it may be called. Raises Invalid saying what to do."""
    parts = urlsplit(url.strip())
    plain = len(url) <= MAX_LENGTH and url.isascii() and not any(c.isspace() for c in url.strip())
    if not plain or parts.fragment:
        raise Invalid.field("url", "Write the whole address: https://, the host, the path.")
    try:
        origin = origin_of(tidy_base_url(f"{parts.scheme}://{parts.netloc}"))
    except (Invalid, ValueError) as error:
        raise Invalid.field("url", "Write the whole address: https://, the host, the path.") from error
    if origin not in allowed_origins():
        raise Invalid.field(
            "url", f"{origin} is not among the origins that webhooks may go to (HOLDOUT_WEBHOOK_ORIGINS)."
        )
    return url.strip()


def new_secret() -> str:
    """A signing secret as the scheme writes it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(24)).decode()


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """``v1,`` and the base64 HMAC-SHA256 of id, time and body."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


async def post(url: str, secret: str, message_id: str, timestamp: int, body: bytes) -> None:
    """Deliver once; no redirect is followed. Raises WebhookFailed for everything but a 2xx."""
    import aiohttp  # only the worker delivers

    from app.gateway.client import CheckedResolver

    try:
        check_url(url)
    except Invalid as error:
        raise WebhookFailed(str(error)) from error
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "holdout",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, message_id, timestamp, body),
    }
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    connector = aiohttp.TCPConnector(resolver=CheckedResolver())
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as http,
            http.post(url, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            if not 200 <= answer.status < 300:
                raise WebhookFailed(f"It answered {answer.status}.")
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise WebhookFailed(f"It did not answer: {type(error).__name__}") from error
