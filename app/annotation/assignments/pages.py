"""Typed contexts of assignments."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy.orm import Session

from app.accounts import queries as accounts
from app.accounts.models import User
from app.annotation.assignments import queries, service
from app.annotation.assignments.models import Assignment
from app.annotation.assignments.queries import Share
from app.annotation.assignments.reminding import due_words
from app.annotation.service import queue_filter
from app.core.clock import utcnow
from app.examples import queries as examples
from app.examples.forms import ExampleFilter
from app.examples.list_pages import query_of
from app.projects.access import Access
from app.web.forms import FormState
from app.web.words import plural

MAX_OFFERED = 1_000
SHARES = (
    ("divide", "Deal them out", "each example to one person"),
    ("everyone", "Everyone gets all", "for several opinions on each"),
)


@dataclass(frozen=True)
class AssignmentView:
    """One assignment with how far its people are."""

    id: str
    name: str
    note: str
    by: str
    at: datetime
    due_on: date | None
    due: str
    late: bool
    state: str  # open | done | cancelled
    people: Sequence[Share]
    query: str

    @property
    def total(self) -> int:
        return sum(one.total for one in self.people)

    @property
    def settled(self) -> int:
        return sum(one.total - one.waiting for one in self.people)


@dataclass(frozen=True)
class ListPage:
    slug: str
    assignments: Sequence[AssignmentView]
    waiting: int
    due: str
    can_assign: bool
    title: str = "Assignments"

    @property
    def answer(self) -> str:
        if not self.waiting:
            return "Who was asked to look at what, until when. Nothing waits for you."
        return f"You have {self.waiting:,} to review{f', {self.due.lower()}' if self.due else ''}."


@dataclass(frozen=True)
class OnePage:
    slug: str
    assignment: AssignmentView
    reviewers: Sequence[User]
    can_assign: bool
    form: FormState = field(default_factory=FormState)

    @property
    def title(self) -> str:
        return self.assignment.name


@dataclass(frozen=True)
class NewPage:
    slug: str
    query: str  # the filter as it stands in the URL
    matching: int
    more: bool
    reviewers: Sequence[User]
    chosen: Sequence[str]
    form: FormState
    shares: Sequence[tuple[str, str, str]] = SHARES
    title: str = "Give examples to people"

    @property
    def answer(self) -> str:
        count = f"more than {self.matching:,}" if self.more else plural(self.matching, "example")
        return f"{count} of this filter wait for review."


def _views(session: Session, rows: Sequence[Assignment]) -> list[AssignmentView]:
    shares = queries.shares(session, [one.id for one in rows])
    names = accounts.names(session, {one.created_by for one in rows if one.created_by})
    today = utcnow().date()
    return [_view(one, shares[one.id], names.get(one.created_by or "", "–"), today) for one in rows]


def _view(one: Assignment, people: Sequence[Share], by: str, today: date) -> AssignmentView:
    waits = sum(share.waiting for share in people)
    state = "cancelled" if one.cancelled_at else "open" if waits else "done"
    return AssignmentView(
        id=one.id,
        name=one.name,
        note=one.note,
        by=by,
        at=one.created_at,
        due_on=one.due_on,
        due=due_words(one.due_on, today) if one.due_on else "no due date",
        late=state == "open" and one.due_on is not None and one.due_on < today,
        state=state,
        people=people,
        query=query_of(ExampleFilter(**one.filter)),
    )


def listing(session: Session, access: Access) -> ListPage:
    waits, due_on = queries.waiting(session, access.project.id, access.user.id)
    views = _views(session, queries.listed(session, access.project.id))
    views.sort(key=lambda view: view.state != "open")
    due = due_words(due_on, utcnow().date()) if due_on else ""
    return ListPage(access.project.slug, views, waits, due, access.can("engineer"))


def one(session: Session, access: Access, assignment: Assignment, form: FormState | None = None) -> OnePage:
    (view,) = _views(session, [assignment])
    people = service.reviewers(session, access.project.id)
    return OnePage(access.project.slug, view, people, access.can("engineer"), form or FormState())


def new(
    session: Session, access: Access, wanted: ExampleFilter, form: FormState | None = None, chosen: Sequence[str] = ()
) -> NewPage:
    matching = examples.count(session, access.project.id, queue_filter(wanted), MAX_OFFERED)
    people = service.reviewers(session, access.project.id)
    return NewPage(
        slug=access.project.slug,
        query=query_of(wanted),
        matching=min(matching, MAX_OFFERED),
        more=matching > MAX_OFFERED,
        reviewers=people,
        chosen=chosen,
        form=form or FormState(),
    )
