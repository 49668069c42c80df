"""Sending mail through the server that HOLDOUT_SMTP_URL names. Plain text only."""

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import parse_qs, unquote, urlsplit

from app.core.settings import get_settings

SECONDS = 20


class MailNotSent(Exception):
    """The server was not reached or refused; the message says how, without the password."""


def configured() -> bool:
    return bool(get_settings().smtp_url)


def send(to: str, subject: str, text: str, message_id: str) -> None:
    """One message. ``message_id`` is the same at each attempt, so that mail programs show it once.

    TLS: always with ``smtps://``; with ``smtp://`` where the server offers it, unless the address says ``?tls=none``
    or, to insist, ``?tls=required``. Raises MailNotSent.
    """
    settings = get_settings()
    url = urlsplit(settings.smtp_url or "")
    message = _message(settings.mail_from, to, subject, text, message_id)
    try:
        with _connect(url.scheme, url.hostname or "", url.port) as server:
            if url.scheme == "smtp":
                _start_tls(server, parse_qs(url.query).get("tls", ["offered"])[0])
            if url.username:
                server.login(unquote(url.username), unquote(url.password or ""))
            server.send_message(message)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise MailNotSent(f"{type(error).__name__}: {error}"[:500]) from error


def _message(sender: str, to: str, subject: str, text: str, message_id: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = sender, to
    message["Subject"] = " ".join(subject.split())  # a line break would begin another header
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(message_id, domain=sender.rpartition("@")[2].rstrip("> ") or "localhost")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    return message


def _connect(scheme: str, host: str, port: int | None) -> smtplib.SMTP:
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port or 465, timeout=SECONDS, context=ssl.create_default_context())
    if scheme == "smtp":
        return smtplib.SMTP(host, port or 25, timeout=SECONDS)
    raise ValueError("HOLDOUT_SMTP_URL begins with smtp:// or smtps://")


def _start_tls(server: smtplib.SMTP, wanted: str) -> None:
    server.ehlo()
    if wanted == "none" or (wanted == "offered" and not server.has_extn("starttls")):
        return
    server.starttls(context=ssl.create_default_context())
    server.ehlo()
