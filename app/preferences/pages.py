"""Typed contexts of the round pages. The voter's is in ``voting``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.preferences import queries
from app.preferences.forms import RoundFilter
from app.preferences.models import PreferenceRound
from app.preferences.results import labels, reasons
from app.preferences.results import page as results_page
from app.preferences.results import service as results
from app.preferences.results.page import ResultsPage
from app.projects.access import Access


@dataclass(frozen=True)
class RoundRow:
    id: str
    name: str
    criteria: str
    created_at: datetime
    closed: bool
    done: int
    total: int
    my_done: int
    my_total: int
    imported: bool


@dataclass(frozen=True)
class ListPage:
    slug: str
    rounds: Sequence[RoundRow]
    can_open: bool
    wanted: RoundFilter
    older: str | None
    title: str = "Blind review"


@dataclass(frozen=True)
class RoundPage:
    slug: str
    round: RoundRow
    reviewers: Sequence[tuple[str, int, int]]
    is_reviewer: bool
    can_close: bool
    results: ResultsPage | None
    q: str = ""
    by: str = ""

    @property
    def title(self) -> str:
        return self.round.name


def row(session: Session, access: Access, rounds: Sequence[PreferenceRound]) -> list[RoundRow]:
    ids = [r.id for r in rounds]
    overall = queries.progress(session, ids)
    mine = queries.my_progress(session, ids, access.user.id)
    return [
        RoundRow(
            r.id,
            r.name,
            r.criteria,
            r.created_at,
            r.closed_at is not None,
            *overall.get(r.id, (0, 0)),
            *mine.get(r.id, (0, 0)),
            r.source == "import",
        )
        for r in rounds
    ]


def round_list(session: Session, access: Access, wanted: RoundFilter) -> ListPage:
    found = queries.rounds(session, access.project.id, wanted, access.user.id)
    rows = row(session, access, found.items)
    return ListPage(access.project.slug, rows, access.can("engineer"), wanted, found.next_cursor)


def one(session: Session, access: Access, round_: PreferenceRound, q: str = "", by: str = "") -> RoundPage:
    found = _results(session, round_, q, by) if round_.closed_at else None
    people = [(name, done, total) for _id, name, total, done in queries.reviewers(session, round_.id)]
    return RoundPage(
        access.project.slug,
        row(session, access, [round_])[0],
        people,
        queries.is_reviewer(session, round_.id, access.user.id),
        access.can("engineer") and round_.closed_at is None,
        found,
        q,
        by,
    )


def _results(session: Session, round_: PreferenceRound, q: str, by: str) -> ResultsPage:
    found = results.of_round(session, round_)
    parts = labels.of_votes(session, found.reasons) if by else {}
    return results_page.of(found, reasons.grouped(found.reasons, q, by, parts))
