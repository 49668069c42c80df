"""Whom a comment names with an @. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Named:
    """Somebody who can be named: by their name or by their mail address."""

    id: str
    name: str
    email: str


def mentioned(text: str, people: Sequence[Named]) -> list[str]:
    """Ids of those whose name or mail address stands behind an @, in any case, each once, in the order of the text.

    Of names that begin alike the longest counts: “@Ana Lima” is not Ana. Two of one name are both meant.
    """
    found: list[str] = []
    said = text.casefold()
    for mark in re.finditer(r"(?<![\w@.])@", said):
        rest = said[mark.end() :]
        ways = [(way.casefold(), one.id) for one in people for way in (one.name, one.email) if way.strip()]
        fitting = [(len(way), who) for way, who in ways if rest.startswith(way) and not _goes_on(rest[len(way) :])]
        longest = max((length for length, _who in fitting), default=0)
        found += [who for length, who in fitting if length == longest]
    return list(dict.fromkeys(found))


def _goes_on(rest: str) -> bool:
    """Whether a word goes on behind a name: “@Anabel” is not Ana, “@Ana's” is."""
    return rest[:1].isalnum() or rest[:1] == "_"
