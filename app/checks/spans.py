"""What was found, marked in the text around it. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Segment:
    """A run of text; ``mark`` says why it stands out, "" where it does not."""

    text: str
    mark: str = ""


def in_context(text: str, start: int | None, stop: int | None, mark: str, around: int = 110) -> list[Segment]:
    """The span marked, with some text on both sides; without a span, how the text begins."""
    if start is None or stop is None or not 0 <= start < stop <= len(text):
        return [Segment(text[: 2 * around] + ("…" if len(text) > 2 * around else ""))]
    first, last = max(start - around, 0), min(stop + around, len(text))
    before = ("…" if first else "") + text[first:start]
    after = text[stop:last] + ("…" if last < len(text) else "")
    return [part for part in (Segment(before), Segment(text[start:stop], mark), Segment(after)) if part.text]
