"""Passwords: argon2id through pwdlib. A hash takes a third of a second: call from a thread, as sync routes do."""

from functools import lru_cache

from pwdlib import PasswordHash

from app.core.errors import Invalid

MIN_LENGTH, MAX_LENGTH = 12, 1024


@lru_cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@lru_cache
def _dummy_hash() -> str:
    return _hasher().hash("no such person")


def hash_password(password: str) -> str:
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise Invalid.field("password", f"Use {MIN_LENGTH} to {MAX_LENGTH} characters.")
    return _hasher().hash(password)


def verify_password(password: str, stored: str | None) -> bool:
    """Takes as long for an unknown person as for a known one."""
    matches = _hasher().verify(password[:MAX_LENGTH], stored or _dummy_hash())
    return matches and stored is not None
