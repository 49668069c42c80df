"""Typed context of the list of examples: filters, rows, what a bulk action has just done, the team's filters."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from app.examples import bulk, bulk_queries, list_queries, queries, saved_filters
from app.examples.chat import BEHAVIORS
from app.examples.forms import ROWS, ExampleFilter, ExampleListPage, FindingKind
from app.examples.list_queries import Listed
from app.examples.models import STATUSES
from app.projects.access import Access
from app.web.forms import FormState
from app.web.paging import encode_cursor
from app.web.words import words

FILTERS = ("q", "status", "tag", "behavior", "split", "finding", "source", "import_id")
DEFAULT_ROWS = 50
STATUS_CHOICES = [(one, words(one)) for one in STATUSES]
# field, label, options: the list shows each with one of its values, which are few
SELECTS: tuple[tuple[str, str, Sequence[str | tuple[str, str]]], ...] = (
    ("status", "Status", STATUS_CHOICES),
    ("behavior", "Behaviour", BEHAVIORS),
    ("split", "Split", [("train", "training pool"), ("test", "held out")]),
    ("finding", "Finding", [(one, words(one)) for one in get_args(FindingKind)]),
)


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
    rows: Sequence[Listed]
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
    selects: Sequence[tuple[str, str, Sequence[str | tuple[str, str]]]] = SELECTS
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
    matches, found = list_queries.page(
        session,
        project_id,
        wanted,
        cursor=wanted.newer or wanted.cursor,
        limit=wanted.rows,
        direction="newer" if wanted.newer else "older",
        count_to=bulk.MAX_BULK if wanted.exact else queries.COUNT_LIMIT,
    )
    query = query_of(wanted)
    here = query if wanted.rows == DEFAULT_ROWS else f"{query}&rows={wanted.rows}".lstrip("&")
    newer, older = _neighbours(f"/p/{access.project.slug}/examples?{here}&", found.items, found.next_cursor, wanted)
    filters = FormState({name: getattr(wanted, name) or "" for name in FILTERS})
    return ListPage(
        slug=access.project.slug,
        rows=found.items,
        filters=filters,
        query=query,
        total=matches.number,
        more=not matches.exact,
        newer=newer,
        older=older,
        any_examples=matches.number > 0 or queries.tallied(session, project_id) > 0,
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
    url: str, rows: Sequence[Listed], next_cursor: str | None, wanted: ExampleListPage
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
