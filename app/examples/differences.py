"""What differs between two texts, word by word, and between two conversations, message by message. Pure.

The longest common subsequence is rapidfuzz's (Hyyrö's bit-parallel algorithm): quick enough for whole conversations.
Texts beyond ``MAX_WORDS`` are compared line by line, so that a page never waits for a huge one.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from rapidfuzz.distance import Indel

from app.examples.rules import canonical, text_of

Mark = Literal["", "added", "removed", "only here"]
MAX_WORDS = 8_000  # of one text: two of these take about 0.1 s
# Scripts written without blanks are compared sign by sign; punctuation and runs of blanks are words of their own
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORDS = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+(?:['’][^\W{_UNSPACED}]+)*|\s+|[^\w\s]|_")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True)
class Segment:
    """A run of text. ``mark`` is empty where both texts have it."""

    text: str
    mark: Mark = ""


def words(before: str, after: str) -> list[Segment]:
    """The text with what went and what came, in reading order. Joined without what was added, it is ``before``."""
    if before == after:
        return [Segment(before)] if before else []
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if max(len(old), len(new)) > MAX_WORDS:
        old, new = _LINES.findall(before), _LINES.findall(after)
    return _tidy(list(_segments(old, new)))


def changed(segments: Sequence[Segment]) -> bool:
    return any(segment.mark for segment in segments)


def _segments(old: Sequence[str], new: Sequence[str]) -> Iterator[Segment]:
    for kind, one, other in _runs(old, new):
        if kind == "equal":
            yield Segment("".join(one))
        else:
            if one:
                yield Segment("".join(one), "removed")
            if other:
                yield Segment("".join(other), "added")


def _runs(old: Sequence[Any], new: Sequence[Any]) -> Iterator[tuple[str, Sequence[Any], Sequence[Any]]]:
    """('equal' | 'changed', part of the old, part of the new): deletions and insertions side by side are one change."""
    start_old = start_new = at_old = at_new = 0
    for code in Indel.opcodes(old, new):
        if code.tag == "equal":
            if (start_old, start_new) != (at_old, at_new):
                yield "changed", old[start_old:at_old], new[start_new:at_new]
            yield "equal", old[code.src_start : code.src_end], new[code.dest_start : code.dest_end]
            start_old, start_new = code.src_end, code.dest_end
        at_old, at_new = code.src_end, code.dest_end
    if (start_old, start_new) != (at_old, at_new):
        yield "changed", old[start_old:at_old], new[start_new:at_new]


def _tidy(segments: list[Segment]) -> list[Segment]:
    """A blank that two changes happen to share is no reason to chop a rewritten phrase into single words."""
    found: list[Segment] = []
    gone, come = "", ""
    for index, segment in enumerate(segments):
        between = 0 < index < len(segments) - 1 and segment.mark == "" and not segment.text.strip()
        if segment.mark == "removed":
            gone += segment.text
        elif segment.mark == "added":
            come += segment.text
        elif between and "\n" not in segment.text:
            gone, come = gone + segment.text, come + segment.text
        else:
            found += _change(gone, come)
            gone, come = "", ""
            found.append(segment)
    return found + _change(gone, come)


def _change(gone: str, come: str) -> list[Segment]:
    """What both begin or end with (a blank, after tidying) belongs to both."""
    if not gone or not come:
        return [Segment(gone, "removed")] * bool(gone) + [Segment(come, "added")] * bool(come)
    head = _shared_blanks(gone, come)
    gone, come = gone[len(head) :], come[len(head) :]
    tail = _shared_blanks(gone[::-1], come[::-1])[::-1]
    gone, come = gone[: len(gone) - len(tail)], come[: len(come) - len(tail)]
    parts = [Segment(head), Segment(gone, "removed"), Segment(come, "added"), Segment(tail)]
    return [part for part in parts if part.text]


def _shared_blanks(one: str, other: str) -> str:
    size = 0
    while size < min(len(one), len(other)) and one[size] == other[size] and one[size].isspace():
        size += 1
    return one[:size]


@dataclass(frozen=True)
class MessageChange:
    """One message of the two conversations: in both, or only before (``removed``), or only after (``added``)."""

    role: str
    segments: Sequence[Segment]
    mark: Mark = ""
    calls: Sequence[Segment] = field(default_factory=tuple)  # tool calls, as text

    @property
    def same(self) -> bool:
        return not (self.mark or changed(self.segments) or changed(self.calls))


def conversations(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[MessageChange]:
    """Equal messages stand for themselves; between them, messages of one role are compared in their order."""
    old, new = [canonical(one).decode() for one in before], [canonical(one).decode() for one in after]
    found: list[MessageChange] = []
    at_old = at_new = 0
    for kind, ones, others in _runs(old, new):
        gone, come = before[at_old : at_old + len(ones)], after[at_new : at_new + len(others)]
        at_old, at_new = at_old + len(ones), at_new + len(others)
        found += [_message(one, one) for one in gone] if kind == "equal" else _paired(gone, come)
    return found


def _paired(gone: Sequence[Mapping[str, Any]], come: Sequence[Mapping[str, Any]]) -> list[MessageChange]:
    found: list[MessageChange] = []
    at_old = at_new = 0
    for kind, ones, others in _runs([one.get("role") for one in gone], [one.get("role") for one in come]):
        if kind == "equal":
            found += [_message(gone[at_old + index], come[at_new + index]) for index in range(len(ones))]
        else:
            found += [_message(gone[at_old + index], None) for index in range(len(ones))]
            found += [_message(None, come[at_new + index]) for index in range(len(others))]
        at_old, at_new = at_old + len(ones), at_new + len(others)
    return found


def _message(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> MessageChange:
    some = after if after is not None else before or {}
    mark: Mark = "added" if before is None else "removed" if after is None else ""
    return MessageChange(
        role=str(some.get("role", "")),
        segments=words(_text(before), _text(after)),
        mark=mark,
        calls=words(_calls(before), _calls(after)),
    )


def _text(message: Mapping[str, Any] | None) -> str:
    return "" if message is None else text_of(message.get("content")) or str(message.get("refusal") or "")


def _calls(message: Mapping[str, Any] | None) -> str:
    calls = (message or {}).get("tool_calls") or ()
    return "\n".join(f"{one['function']['name']}({one['function'].get('arguments', '')})" for one in calls)
