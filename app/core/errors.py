"""What a service may raise. Only ``web/errors.py`` turns these into responses."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FieldError:
    """One wrong field: ``loc`` names it (``messages.0.role``), ``msg`` says what to do."""

    loc: str
    msg: str


class HoldoutError(Exception):
    """Base of the errors that a person can act on. ``str(error)`` is shown to them."""


class NotFound(HoldoutError):
    def __init__(self, what: str = "This page") -> None:
        super().__init__(f"{what} does not exist, or you may not see it.")


class Forbidden(HoldoutError):
    """The person is known but may not do this."""


class SignInRequired(HoldoutError):
    def __init__(self) -> None:
        super().__init__("Sign in first.")


class Conflict(HoldoutError):
    """The state of the thing does not allow this now (stale revision, sealed set, closed round)."""


class TooMany(HoldoutError):
    """A rate limit was reached. ``retry_after`` is in seconds."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooLarge(HoldoutError):
    """An upload or a body exceeds its stated limit."""


class Invalid(HoldoutError):
    """The input is wrong. ``errors`` names the fields; a bare message is about the whole."""

    def __init__(self, message: str, errors: list[FieldError] | None = None) -> None:
        super().__init__(message)
        self.errors = errors or []

    @classmethod
    def field(cls, loc: str, msg: str) -> "Invalid":
        return cls(msg, [FieldError(loc, msg)])
