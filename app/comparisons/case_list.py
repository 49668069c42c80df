"""The list of cases behind one number of the compare page, and the addresses of such lists."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from app.comparisons import cases, queries
from app.comparisons.case_cards import CaseCard, card
from app.comparisons.forms import CaseFilter, PageFilter
from app.comparisons.rules import Row
from app.comparisons.service import Compared
from app.evals.catalogue import GRADED, METRICS
from app.projects.access import Access
from app.web.words import plural

OUTCOMES = {
    "regression": "Regressions",
    "win": "Wins",
    "both_wrong": "Both wrong",
    "both_right": "Both right",
    "disagreement": "Graders disagree",
}
PAGE = 10


@dataclass(frozen=True)
class OutcomeTab:
    key: str
    label: str
    count: int
    url: str
    current: bool


@dataclass(frozen=True)
class CaseList:
    """The cases behind one number. ``closed``: not shown unasked, because who reads them cannot vote on them."""

    heading: str
    tabs: Sequence[OutcomeTab]
    cards: Sequence[CaseCard]
    figures: str
    narrowed: str | None  # by what, when not the whole comparison
    clear: str
    first: str | None
    next: str | None
    open_url: str
    closed: bool
    nothing: str  # where there is no card


@dataclass(frozen=True)
class Address:
    """Addresses of this comparison: the two sides and the sets always stand in them."""

    slug: str
    found: Compared

    def to(self, anchor: str = "#cases", **filters: Any) -> str:
        query = self.fields() + [(name, str(value)) for name, value in filters.items() if value]
        return f"/p/{self.slug}/compare?{urlencode(query)}{anchor}"

    def fields(self) -> list[tuple[str, str]]:
        """What names this comparison: candidates, sets, and the runs where they were named."""
        sides, pairs = self.found.sides, self.found.pairs
        query: list[tuple[str, str]] = [("baseline", sides.baseline.id), ("candidate", sides.candidate.id)]
        query += [("test_set", pair.test_set.id) for pair in pairs]
        if sides.baseline_run:
            query.append(("baseline_run", sides.baseline_run.id))
        if sides.candidate_run:
            query.append(("candidate_run", sides.candidate_run.id))
        return query

    def metrics(self, rows: Sequence[Row]) -> dict[str, str]:
        """By metric the cases that were lost in it; votes have none here."""
        graded = [row.key for row in rows if row.key in GRADED]
        return {key: self.to(metric=key, outcome="regression") for key in graded}

    def query(self) -> str:
        return urlencode(self.fields())


def tabs(counts: Mapping[str, int], here: Address, current: str | None, filters: Mapping[str, Any]) -> list[OutcomeTab]:
    return [
        OutcomeTab(key, label, counts.get(key, 0), here.to(outcome=key, **filters), key == current)
        for key, label in OUTCOMES.items()
        if key != "disagreement" or counts.get(key, 0)
    ]


def case_list(session: Session, access: Access, found: Compared, wanted: PageFilter, here: Address) -> CaseList:
    closed = access.role == "annotator" and not wanted.show and not queries.seen(session, access.user.id, found.runs)
    chosen = wanted.model_copy(update={"outcome": wanted.outcome or "regression", "limit": PAGE})
    filters: dict[str, Any] = {"metric": wanted.metric} | wanted.cut
    everything = cases.matching(found.material, CaseFilter(**filters))
    disputed = len(everything.keys() & (found.material.baseline.disputed | found.material.candidate.disputed))
    counts = Counter(everything.values()) + Counter(disagreement=disputed)
    page = None if closed else cases.page(session, access, found.pairs, found.material, chosen, everything)
    total, shown = counts.get(str(chosen.outcome), 0), len(page.items) if page else 0
    more = page.next_cursor if page else None
    return CaseList(
        heading=OUTCOMES[str(chosen.outcome)]
        + (f" in {METRICS[wanted.metric].label.lower()}" if wanted.metric else ""),
        tabs=tabs(counts, here, chosen.outcome, filters),
        cards=[card(one, found, access.project.slug) for one in page.items] if page else [],
        figures=plural(total, "case") if closed or shown == total else f"{shown} of {plural(total, 'case')}",
        narrowed=", ".join(wanted.cut.values()) or (METRICS[wanted.metric].label.lower() if wanted.metric else None),
        clear=here.to(outcome=chosen.outcome),
        first=here.to(outcome=chosen.outcome, **filters) if wanted.cursor else None,
        next=here.to(outcome=chosen.outcome, **filters, cursor=more) if more else None,
        open_url=here.to(outcome=chosen.outcome, **filters, show="true"),
        closed=closed,
        nothing=_nothing(found, str(chosen.outcome)),
    )


def _nothing(found: Compared, outcome: str) -> str:
    before, after = found.sides.baseline.name, found.sides.candidate.name
    return {
        "regression": f"No case here was passed by “{before}” and is failed by “{after}”.",
        "win": f"No case here was failed by “{before}” and is passed by “{after}”.",
        "both_wrong": "No case here is failed by both.",
        "both_right": "No case here is passed by both.",
        "disagreement": "No two graders of one metric disagree about a case here.",
    }[outcome]
