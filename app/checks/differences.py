"""Two texts side by side, with the words marked that differ. Pure."""

from dataclasses import dataclass

import re2
from rapidfuzz.distance import Indel

MAX_WORDS = 3_000  # beyond this the texts are shown without marks: comparing grows with the product
_WORDS = re2.compile(r"\s+|[\p{L}\p{M}\p{N}_]+|[^\s\p{L}\p{M}\p{N}_]")


@dataclass(frozen=True)
class Segment:
    """A run of text; ``mark`` says why it stands out, "" where it does not."""

    text: str
    mark: str = ""


def differences(one: str, other: str) -> tuple[list[Segment], list[Segment]]:
    """Both texts in segments: what only the first says is marked in the first, and so for the second."""
    left, right = _WORDS.findall(one), _WORDS.findall(other)
    if len(left) > MAX_WORDS or len(right) > MAX_WORDS:
        return [Segment(one)], [Segment(other)]
    marked: tuple[list[Segment], list[Segment]] = ([], [])
    for tag, start, stop, other_start, other_stop in Indel.opcodes(left, right).as_list():
        mark = "" if tag == "equal" else "only here"
        _add(marked[0], left[start:stop], mark)
        _add(marked[1], right[other_start:other_stop], mark)
    return marked


def _add(segments: list[Segment], words: list[str], mark: str) -> None:
    if words:
        segments.append(Segment("".join(words), mark))


def in_context(text: str, start: int | None, stop: int | None, mark: str, around: int = 110) -> list[Segment]:
    """The span marked, with some text on both sides; without a span, how the text begins."""
    if start is None or stop is None or not 0 <= start < stop <= len(text):
        return [Segment(text[: 2 * around] + ("…" if len(text) > 2 * around else ""))]
    first, last = max(start - around, 0), min(stop + around, len(text))
    before = ("…" if first else "") + text[first:start]
    after = text[stop:last] + ("…" if last < len(text) else "")
    return [part for part in (Segment(before), Segment(text[start:stop], mark), Segment(after)) if part.text]
