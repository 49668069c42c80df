"""When the next attempt may be made. Pure: the random number is an argument."""

from app.gateway.failures import Failure

MAX_ATTEMPTS = 5
FIRST_WAIT = 0.5
LONGEST_WAIT = 60.0


def wait_before_next(failure: Failure, attempt: int, random: float) -> float | None:
    """Seconds to wait before attempt ``attempt + 1``, or None when there must be none.

    Exponential backoff with full jitter (half a second, doubled each time, times a random number in 0..1),
    and never earlier than the provider's ``Retry-After``. A provider that asks for more than a minute is not
    waited for: the call stays failed, and a person may retry it.
    """
    if not failure.meaning.retry or attempt >= MAX_ATTEMPTS:
        return None
    asked = failure.retry_after or 0.0
    if asked > LONGEST_WAIT:
        return None
    jitter: float = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (attempt - 1)) * (0.1 + 0.9 * random)
    return asked + jitter
