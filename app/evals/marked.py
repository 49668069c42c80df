"""An output with the claims marked that a grader found no support for. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Segment:
    """``mark``: why it is marked; empty where it is not."""

    text: str
    mark: str = ""


def segments(text: str | None, details: Iterable[Mapping[str, Any]]) -> Sequence[Segment]:
    """The whole text in pieces; empty where nothing is marked. ``details`` are those of its grades.

    A claim is marked where it still stands at the place that the grade names: a grader may have looked at something
    else than the text. Of two claims that overlap the first is marked.
    """
    if not text:
        return ()
    found, at = [], 0
    for start, end, why in sorted(claim for detail in details for claim in _claims(text, detail)):
        if start >= at:
            found += [Segment(text[at:start]), Segment(text[start:end], why)]
            at = end
    return [one for one in (*found, Segment(text[at:])) if one.text] if found else ()


def _claims(text: str, detail: Mapping[str, Any]) -> Iterable[tuple[int, int, str]]:
    for claim in detail.get("unsupported") or ():
        start, end = int(claim["start"]), int(claim["end"])
        if text[start:end] and text[start:end][:300] == claim["text"]:
            yield start, end, f"Unsupported: {claim['why']}"
