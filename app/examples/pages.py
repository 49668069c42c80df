"""Typed context of one example's page. The list stands in ``list_pages``, the edit form in ``edit_pages``."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.accounts import queries as accounts
from app.core.instructions import readable
from app.examples import queries
from app.examples.chat import BEHAVIORS
from app.examples.list_pages import STATUS_CHOICES
from app.examples.models import Example, Revision
from app.examples.rules import answer_index, group_name, text_of
from app.projects.access import Access
from app.web.words import words


@dataclass(frozen=True)
class MessageView:
    role: str
    content: str
    note: str = ""
    tool_calls: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class RevisionRow:
    number: int
    created_at: datetime
    author: str
    changes: str
    current: bool
    shown: bool


@dataclass(frozen=True)
class ExamplePage:
    slug: str
    example: Example
    content: Revision  # of the revision that is shown
    messages: Sequence[MessageView]
    target: int | None
    non_preferred: Sequence[MessageView]
    facts: Sequence[tuple[str, str]]
    expected: Sequence[tuple[str, str]]
    revisions: Sequence[RevisionRow]
    current: bool  # the shown revision is the current one
    can_edit: bool
    can_delete: bool
    behaviors: Sequence[str] = BEHAVIORS
    statuses: Sequence[tuple[str, str]] = field(default_factory=lambda: tuple(STATUS_CHOICES))

    @property
    def title(self) -> str:
        return f"Example #{self.example.number}"

    @property
    def base(self) -> str:
        return f"/p/{self.slug}/examples/{self.example.id}"


def one(session: Session, access: Access, example_id: str, number: int | None = None) -> ExamplePage:
    """One example as it stands in revision ``number``, or now."""
    example = queries.get(session, access.project.id, example_id)
    history = queries.revisions(session, example.id)
    content = queries.revision(session, example.id, number or example.revision)
    names = accounts.names(session, {row.author_id for row in history if row.author_id})
    return ExamplePage(
        slug=access.project.slug,
        example=example,
        content=content,
        messages=message_views(content.messages),
        target=answer_index(content.messages),
        non_preferred=message_views(content.non_preferred or ()),
        facts=_facts(example, content),
        expected=expected_lines(content.expected),
        revisions=_history(history, names, example.revision, content.number),
        current=content.number == example.revision,
        can_edit=access.can("annotator"),
        can_delete=access.can("engineer"),
    )


def message_views(messages: Sequence[Any]) -> list[MessageView]:
    """Messages as the conversation component shows them."""
    return [
        MessageView(
            role=message["role"],
            content=text_of(message.get("content")) or str(message.get("refusal") or ""),
            note=_note(message),
            tool_calls=[
                (call["function"]["name"], str(call["function"].get("arguments", "")))
                for call in message.get("tool_calls") or ()
            ],
        )
        for message in messages
    ]


def _note(message: dict[str, Any]) -> str:
    notes = [str(message[name]) for name in ("name", "tool_call_id") if message.get(name)]
    if message.get("weight") == 0:
        notes.append("not trained")
    return " · ".join(notes)


def expected_lines(expected: dict[str, Any] | None) -> list[tuple[str, str]]:
    """(what, how it is written) of everything that is expected."""
    from orjson import OPT_INDENT_2, dumps

    return [
        (words(name), value if isinstance(value, str) else dumps(value, option=OPT_INDENT_2).decode())
        for name, value in readable(expected).items()
    ]


def _facts(example: Example, content: Revision) -> list[tuple[str, str]]:
    facts = [("Split", "held out for testing" if example.split == "test" else "training pool")]
    facts += [("Group", name)] if (name := group_name(example.group_unit)) else []
    facts += [("Source", example.source)] if example.source else []
    facts += [(name, value if isinstance(value, str) else str(value)) for name, value in content.extra.items()]
    return [(name[:80], text[:500]) for name, text in facts[:40]]


def _history(rows: Sequence[Revision], names: dict[str, str], current: int, shown: int) -> list[RevisionRow]:
    older = [*rows[1:], None]
    return [
        RevisionRow(
            number=row.number,
            created_at=row.created_at,
            author=names.get(row.author_id or "", "–"),
            changes=row.reason or _changes(before, row),
            current=row.number == current,
            shown=row.number == shown,
        )
        for row, before in zip(rows, older, strict=True)
    ]


def _changes(before: Revision | None, after: Revision) -> str:
    """Which parts differ: ``messages, tags``."""
    if before is None:
        return "first"
    parts = ("messages", "tools", "expected", "non_preferred", "tags", "behavior")
    changed = [words(name) for name in parts if getattr(before, name) != getattr(after, name)]
    return ", ".join(changed) or "no change"
