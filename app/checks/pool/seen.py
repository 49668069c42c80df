"""What a comparison saw in one example, in the shape that findings are stored in. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from app.checks.detectors.base import Found


@dataclass(frozen=True, slots=True)
class Seen:
    """``found`` in revision ``revision`` of an example; ``cluster`` and ``other`` where it is about several."""

    example_id: str
    revision: int
    found: Found
    cluster: str | None = None
    other: str | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """An example of the training pool, with what decides whether it says the same as another.

    ``said`` is the normalised answer with its tool calls, ``instructions`` the normalised system messages, ``wants``
    the label and the behaviour that are expected.
    """

    example_id: str
    number: int
    revision: int
    status: str
    unit: str
    content_hash: str
    said: str = ""
    instructions: str = ""
    wants: tuple[str | None, str | None] = field(default=(None, None))


def best_first(members: Iterable[Member]) -> list[Member]:
    """Approved ones first, then the oldest: which of several to keep."""
    return sorted(members, key=lambda member: (member.status != "approved", member.number))
