"""Typed contexts of the examples' pages: the list and one example. The edit form stands in ``edit_pages``."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, get_args
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from app.accounts import queries as accounts
from app.examples import bulk, bulk_queries, queries, saved_filters
from app.examples.chat import BEHAVIORS
from app.examples.forms import ROWS, ExampleFilter, ExampleListPage, FindingKind
from app.examples.models import STATUSES, Example, Revision
from app.examples.rules import answer_index, group_name, text_of
from app.projects.access import Access
from app.web.forms import FormState
from app.web.paging import encode_cursor
from app.web.words import words

FILTERS = ("q", "status", "tag", "behavior", "split", "finding", "source", "import_id")
DEFAULT_ROWS = 50
STATUS_CHOICES = [(one, words(one)) for one in STATUSES]
FINDING_CHOICES = [(one, words(one)) for one in get_args(FindingKind)]
SPLIT_CHOICES = [("train", "training pool"), ("test", "held out")]


@dataclass(frozen=True)
class Notice:
    """What a bulk action has just done; ``undo_url`` takes it back."""

    text: str
    undo_url: str | None


@dataclass(frozen=True)
class SavedView:
    """A filter of the team as a chip; ``current``: the list shows just that."""

    id: str
    name: str
    who: str
    query: str
    current: bool
    can_change: bool


@dataclass(frozen=True)
class ListPage:
    slug: str
    rows: Sequence[Example]
    filters: FormState
    query: str  # the filters as they stand in the URL
    total: int  # of what matches
    more: bool  # there are more than ``total``
    newer: str | None
    older: str | None
    any_examples: bool
    can_edit: bool
    can_delete: bool
    notice: Notice | None
    problem: str | None
    tag_suggestions: Sequence[str]
    saved: Sequence[SavedView]
    rows_shown: int
    row_choices: Sequence[int] = ROWS
    statuses: Sequence[tuple[str, str]] = tuple(STATUS_CHOICES)
    splits: Sequence[tuple[str, str]] = tuple(SPLIT_CHOICES)
    behaviors: Sequence[str] = BEHAVIORS
    findings: Sequence[tuple[str, str]] = tuple(FINDING_CHOICES)
    title: str = "Examples"

    @property
    def base(self) -> str:
        return f"/p/{self.slug}/examples"

    @property
    def filtered(self) -> bool:
        return bool(self.query)

    @property
    def sentence(self) -> str:
        """The page's first line: how many there are."""
        count = f"more than {self.total:,}" if self.more else f"{self.total:,}"
        noun = "example" if count == "1" else "examples"
        return f"{count} {noun} {'match' if count != '1' else 'matches'}." if self.filtered else f"{count} {noun}."


def listing(session: Session, access: Access, wanted: ExampleListPage, *, problem: str | None = None) -> ListPage:
    """One page of the list, newest first, with the notice of the action in ``wanted.changed``."""
    project_id = access.project.id
    direction: queries.Direction = "newer" if wanted.newer else "older"
    cursor = wanted.newer or wanted.cursor
    found = queries.page(session, project_id, wanted, cursor=cursor, limit=wanted.rows, direction=direction)
    counted = queries.counted(session, project_id, wanted, bulk.MAX_BULK if wanted.exact else queries.COUNT_LIMIT)
    query = query_of(wanted)
    here = query if wanted.rows == DEFAULT_ROWS else f"{query}&rows={wanted.rows}".lstrip("&")
    newer, older = _neighbours(f"/p/{access.project.slug}/examples?{here}&", found.items, found.next_cursor, wanted)
    filters = FormState({name: getattr(wanted, name) or "" for name in FILTERS})
    return ListPage(
        slug=access.project.slug,
        rows=found.items,
        filters=filters,
        query=query,
        total=counted.number,
        more=not counted.exact,
        newer=newer,
        older=older,
        any_examples=counted.number > 0 or queries.tallied(session, project_id) > 0,
        can_edit=access.can("annotator"),
        can_delete=access.can("engineer"),
        notice=_notice(session, access, wanted.changed, query),
        problem=problem,
        tag_suggestions=sorted({tag for row in found.items for tag in row.tags}),
        saved=_saved(session, access, query),
        rows_shown=wanted.rows,
    )


def _saved(session: Session, access: Access, query: str) -> list[SavedView]:
    found = []
    for one, who in saved_filters.all_of(session, access.project.id):
        its = query_of(ExampleFilter(**{name: value for name, value in one.filter.items() if name in FILTERS}))
        may = one.created_by == access.user.id or access.can("engineer")
        found.append(SavedView(one.id, one.name, who or "–", its, its == query, may))
    return found


def query_of(wanted: ExampleFilter) -> str:
    """The filter as a query string, without what is absent."""
    return urlencode({name: value for name in FILTERS if (value := getattr(wanted, name))})


def _neighbours(
    url: str, rows: Sequence[Example], next_cursor: str | None, wanted: ExampleListPage
) -> tuple[str | None, str | None]:
    """Addresses of the newer and the older page, where there are such."""
    if not rows:
        return None, None
    more = next_cursor is not None
    has_newer = more if wanted.newer else bool(wanted.cursor)
    has_older = True if wanted.newer else more
    newer = f"{url}newer={encode_cursor(rows[0].id)}" if has_newer else None
    return newer, f"{url}cursor={encode_cursor(rows[-1].id)}" if has_older else None


def _notice(session: Session, access: Access, change_id: str | None, query: str) -> Notice | None:
    change = bulk_queries.change(session, access.project.id, change_id) if change_id else None
    if change is None:
        return None
    if change.undone_at is not None:
        return Notice("Taken back.", None)
    url = f"/p/{access.project.slug}/examples/bulk/{change.id}/undo?{query}"
    return Notice(bulk.sentence(change), url if change.size and change.created_by == access.user.id else None)


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
        for name, value in (expected or {}).items()
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
