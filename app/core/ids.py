"""Identifiers: time-ordered UUIDs for rows, random tokens for secrets."""

import hashlib
import secrets
import uuid
from datetime import datetime

import uuid_utils


def new_id() -> str:
    """A UUIDv7 as text: opaque to clients, ordered by time, so that keyset pages and indexes stay compact."""
    return str(uuid_utils.uuid7())


def first_id(moment: datetime) -> str:
    """The lowest ``new_id`` of a moment: what was made since has a higher one."""
    return str(uuid.UUID(int=int(moment.timestamp() * 1000) << 80))


def random_id() -> str:
    """A UUIDv4 as text, for ids that must not tell order or time (ballots)."""
    return str(uuid.uuid4())


def new_token(prefix: str) -> str:
    """A secret of 256 bits, with a prefix that secret scanners and people recognise."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def token_hash(token: str) -> bytes:
    """What is stored of a token. A plain SHA-256 is enough: the input has 256 bits of entropy."""
    return hashlib.sha256(token.encode()).digest()


def is_id(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except (ValueError, AttributeError, TypeError):
        return False
