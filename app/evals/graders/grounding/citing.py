"""Does an output cite what it was given, and only that?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.candidates.knowledge.rules import cited, without_citations


@dataclass(frozen=True)
class Citations:
    """``text`` without the citations, which are no claims; ``problem`` in words, or nothing."""

    text: str
    problem: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


def citation_check(text: str, retrieved: Sequence[Mapping[str, Any]] | None) -> Citations:
    """``retrieved``: the numbered passages, or None where nothing was searched: then brackets are ordinary text."""
    if retrieved is None:
        return Citations(text)
    given = {int(one["number"]) for one in retrieved}
    named = cited(text)
    unknown = [number for number in named if number not in given]
    detail = {"citations": {"given": len(given), "cited": [n for n in named if n in given], "not_given": unknown}}
    problem = ""
    if unknown:
        problem = f"cites [{unknown[0]}], which it was not given"
    elif given and not named:
        problem = "cites none of its sources"
    return Citations(without_citations(text), problem, detail)
