"""How a call can fail, and what the failure means for the ledger. Pure.

``state`` is where the call's ledger row ends. ``retry`` says that the call certainly was not billed, so that the
runner may make a new attempt by itself; everything else waits for a person (docs/decisions/gateway.md).
``stops_run`` marks failures that every other call of the run would meet too.
"""

from dataclasses import dataclass
from typing import Literal

State = Literal["failed", "unknown"]


@dataclass(frozen=True)
class Meaning:
    state: State
    retry: bool = False
    stops_run: bool = False


MEANINGS: dict[str, Meaning] = {
    "unreachable": Meaning("failed", retry=True),  # no connection came about: nothing was sent
    "rate_limited": Meaning("failed", retry=True),  # 429
    "overloaded": Meaning("failed", retry=True),  # 503, 529: the provider says that it did not take the request
    "server_error": Meaning("failed"),  # other 5xx: something behind it may have worked, and billed
    "rejected": Meaning("failed"),  # other 4xx: this request is wrong
    "not_allowed": Meaning("failed", stops_run=True),  # 401, 402, 403, 404, no quota: key, model or account is wrong
    "redirected": Meaning("failed", stops_run=True),  # 3xx: never followed
    "unreadable": Meaning("failed"),  # not JSON, or JSON without a choice
    "error_body": Meaning("failed"),  # 200 with an error inside
    "empty": Meaning("failed"),  # 200 without a body
    "too_large": Meaning("failed"),  # the byte cap
    "timeout": Meaning("unknown"),  # sent, no whole answer in time
    "interrupted": Meaning("unknown"),  # sent, and the connection broke
}


@dataclass(frozen=True)
class Failure:
    """``kind`` is a key of MEANINGS; ``message`` is for people; ``retry_after`` is in seconds."""

    kind: str
    message: str
    retry_after: float | None = None

    @property
    def meaning(self) -> Meaning:
        return MEANINGS[self.kind]


class CallFailed(Exception):
    """For callers outside the runner, who want an exception: ``failure`` says what happened."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def from_status(status: int, body: bytes, headers: dict[str, str], message: str) -> Failure:
    """The failure that an HTTP status other than 2xx stands for. ``message`` is the provider's, scrubbed."""
    told = f"The provider answered {status}" + (f": {message}" if message else ".")
    wait = retry_after_seconds(headers.get("retry-after"))
    if 300 <= status < 400:
        return Failure("redirected", f"The provider answered {status} with another address, which is not followed.")
    if status in (401, 402, 403, 404) or (status == 429 and b"insufficient_quota" in body):
        return Failure("not_allowed", told)
    if status == 429:
        return Failure("rate_limited", told, wait)
    if status in (503, 529):
        return Failure("overloaded", told, wait)
    return Failure("server_error" if status >= 500 else "rejected", told, wait)


def retry_after_seconds(header: str | None) -> float | None:
    """``Retry-After`` in seconds (RFC 9110 §10.2.3); its date form is rare from providers and is not obeyed."""
    try:
        seconds = float(header) if header else None
    except ValueError:
        return None
    return seconds if seconds is not None and 0 <= seconds < 86_400 else None
