"""Two revisions of an example, word by word."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.examples import queries
from app.examples.differences import MessageChange, Segment, changed, conversations, words
from app.examples.models import Example, Revision
from app.examples.pages import expected_lines
from app.projects.access import Access


@dataclass(frozen=True)
class MessageView:
    """As the conversation component shows it: tool calls stand under the text."""

    role: str
    content: str
    segments: Sequence[Segment]
    note: str


@dataclass(frozen=True)
class PartView:
    """Something beside the messages that differs: tags, expected behaviour, what is expected, tools."""

    label: str
    segments: Sequence[Segment]


@dataclass(frozen=True)
class Differences:
    """What differs between two revisions; empty lists where nothing does."""

    before: Revision
    after: Revision
    messages: Sequence[MessageChange]
    parts: Sequence[PartView]

    @property
    def same(self) -> bool:
        return not self.parts and all(message.same for message in self.messages)


@dataclass(frozen=True)
class ComparePage:
    slug: str
    example: Example
    numbers: Sequence[int]
    before: int
    after: int
    messages: Sequence[MessageView]
    parts: Sequence[PartView]
    same: bool
    can_edit: bool

    @property
    def title(self) -> str:
        return f"#{self.example.number}: revision {self.before} and revision {self.after}"

    @property
    def base(self) -> str:
        return f"/p/{self.slug}/examples/{self.example.id}"


def between(session: Session, example: Example, before: int, after: int) -> Differences:
    """Raises NotFound where the example has no such revision."""
    old, new = (queries.revision(session, example.id, number) for number in (before, after))
    parts = [PartView(label, words(*texts)) for label, *texts in _parts(old, new)]
    messages = conversations(old.messages, new.messages)
    return Differences(old, new, messages, [part for part in parts if changed(part.segments)])


def compare(session: Session, access: Access, example_id: str, before: int | None, after: int | None) -> ComparePage:
    """Without numbers: the current revision and the one before it."""
    example = queries.get(session, access.project.id, example_id)
    after = after or example.revision
    before = before or max(1, after - 1)
    found = between(session, example, before, after)
    return ComparePage(
        slug=access.project.slug,
        example=example,
        numbers=[row.number for row in queries.revisions(session, example.id)],
        before=before,
        after=after,
        messages=[_view(message) for message in found.messages],
        parts=found.parts,
        same=found.same,
        can_edit=access.can("annotator"),
    )


def _view(message: MessageChange) -> MessageView:
    segments = [*message.segments, *([Segment("\n")] if message.calls else []), *message.calls]
    note = message.mark or ("" if message.same else "changed")
    return MessageView(message.role, "", segments, note)


def _parts(old: Revision, new: Revision) -> list[tuple[str, str, str]]:
    return [
        ("Tags", ", ".join(old.tags), ", ".join(new.tags)),
        ("Expected behaviour", old.behavior or "not said", new.behavior or "not said"),
        ("Expected", _written(old.expected), _written(new.expected)),
        ("Answer that was not preferred", _pretty(old.non_preferred), _pretty(new.non_preferred)),
        ("Tools", _pretty(old.tools), _pretty(new.tools)),
    ]


def _written(expected: dict[str, Any] | None) -> str:
    """Without the behaviour, which has a line of its own."""
    expected = {name: value for name, value in (expected or {}).items() if name != "behavior"}
    return "\n".join(f"{name}: {text}" for name, text in expected_lines(expected))


def _pretty(value: Any) -> str:
    from orjson import OPT_INDENT_2, dumps

    return "" if value is None else dumps(value, option=OPT_INDENT_2).decode()
