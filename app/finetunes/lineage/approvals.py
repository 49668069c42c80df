"""Who let an example into a dataset version. Pure: from what is recorded to one answer for each row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Sign:
    """Somebody approved the example: in review (then of a ``revision``), by its status, or with many others."""

    example_id: str
    who: str | None
    at: datetime
    how: str  # review | status | together
    revision: int | None = None


@dataclass(frozen=True)
class Approval:
    """``names`` empty: nobody's approval is recorded. ``revision``: which they saw, where it is not the frozen one."""

    names: Sequence[str]
    at: datetime | None
    how: str
    revision: int | None = None


NONE = Approval((), None, "none")


def approval(signs: Sequence[Sign], revision: int) -> Approval:
    """Reviewers of the frozen revision first, all of them; else the latest sign of any kind.

    A review of an earlier revision is named with that revision, so that nobody is taken for having seen later words.
    """
    own = [sign for sign in signs if sign.how == "review" and sign.revision == revision]
    if own:
        names = dict.fromkeys(sign.who or "somebody" for sign in sorted(own, key=lambda sign: sign.at))
        return Approval(list(names), max(sign.at for sign in own), "review")
    earlier = [sign for sign in signs if sign.revision is None or sign.revision < revision]
    if not earlier:
        return NONE
    last = max(earlier, key=lambda sign: sign.at)
    return Approval([last.who or "somebody"], last.at, last.how, last.revision)
