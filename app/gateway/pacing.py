"""A provider's limits of requests and tokens per minute, kept by this worker over all that it sends there.

Sliding windows: within any sixty seconds no more goes out than the limits allow. Several workers each keep them on
their own; what is too much for the provider then, its ``Retry-After`` says.
"""

from collections import deque
from dataclasses import dataclass

WINDOW = 60.0
FIRST_GUESS = 1_000  # tokens of a call before the first answer says how many it took


@dataclass(eq=False, slots=True)
class Taken:
    """A call that went out ``at``. ``tokens``: what it took, None until it is known."""

    at: float
    tokens: int | None = None


class Pace:
    """``requests`` and ``tokens`` per minute; None is no limit. Times are of a monotonic clock, in seconds."""

    def __init__(self, requests: int | None, tokens: int | None) -> None:
        self.requests, self.tokens = requests, tokens
        self._sent: deque[Taken] = deque()
        self._known_tokens = self._known = 0  # of the calls in the window whose size is known: their sum and number

    def wait(self, now: float) -> float:
        """Seconds until the next call may go out; 0 when it may now. A call larger than the limit goes out alone."""
        while self._sent and self._sent[0].at <= now - WINDOW:
            self._count(self._sent.popleft(), -1)
        waits = [0.0]
        if self.requests is not None and len(self._sent) >= self.requests:
            waits.append(self._sent[len(self._sent) - self.requests].at + WINDOW - now)
        if self.tokens is not None:
            waits.append(self._until_tokens(self.tokens, now))
        return max(waits)

    def take(self, now: float) -> Taken:
        taken = Taken(now)
        if self._limits:
            self._sent.append(taken)
        return taken

    def took(self, taken: Taken, tokens: int) -> None:
        """How large the call was in the end."""
        taken.tokens = tokens
        if taken in self._sent:
            self._count(taken, 1)

    def put_back(self, taken: Taken) -> None:
        """It did not go out after all."""
        if taken in self._sent:
            self._sent.remove(taken)
            self._count(taken, -1)

    @property
    def _limits(self) -> bool:
        return self.requests is not None or self.tokens is not None

    @property
    def guess(self) -> float:
        """Tokens that a call takes: the mean of those that are known in the window."""
        return self._known_tokens / self._known if self._known else FIRST_GUESS

    def _count(self, taken: Taken, by: int) -> None:
        if taken.tokens is not None:
            self._known += by
            self._known_tokens += by * taken.tokens

    def _until_tokens(self, limit: int, now: float) -> float:
        guess, until = self.guess, 0.0
        spent = self._known_tokens + (len(self._sent) - self._known) * guess
        for taken in self._sent:
            if spent + guess <= limit:
                break
            spent -= guess if taken.tokens is None else taken.tokens
            until = taken.at + WINDOW - now
        return max(0.0, until)


_paces: dict[str, Pace] = {}


def pace_of(provider_id: str, requests: int | None, tokens: int | None) -> Pace | None:
    """The one pace of a provider in this process, with the limits as they are now; None without limits."""
    if requests is None and tokens is None:
        return None
    pace = _paces.setdefault(provider_id, Pace(requests, tokens))
    pace.requests, pace.tokens = requests, tokens
    return pace
