"""What every format is read into."""

from dataclasses import dataclass
from typing import Any


class Unreadable(Exception):
    """This row is no completion; the words say why."""


@dataclass(frozen=True)
class Completion:
    """``id``: the producer's own, by which it counts once. ``at``: seconds since 1970, None where it does not say.

    ``messages``: the request's, and the answer as the last one.
    """

    id: str
    at: float | None
    messages: list[Any]


def given(value: Any, kind: type, name: str) -> Any:
    """``value`` if it is of that kind. Raises Unreadable naming the field."""
    if not isinstance(value, kind):
        raise Unreadable(f"{name}: must be {'a list' if kind is list else 'an object'}")
    return value


def id_of(*values: Any) -> str:
    """The first that is an id. Raises Unreadable."""
    for value in values:
        if isinstance(value, str) and 0 < len(value) <= 500:
            return value
    raise Unreadable("id: each completion needs one, of at most 500 characters: it is what makes it count once")
