"""Typed contexts of the cost page and of the budget's form."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from app.accounts import queries as accounts
from app.comparisons.choice import Action
from app.comparisons.cost_words import LOADED, MARGINAL
from app.comparisons.rules import Row
from app.costs import queries, rules, service
from app.costs.forms import CostFilter
from app.costs.rules import Ledger
from app.costs.service import Costs, Served
from app.gateway.budgets import Standing
from app.projects.access import Access
from app.web.forms import FormState
from app.web.snippets import Snippet, call
from app.web.words import money, plural

PRINTS = "answer['answer'], answer['pays_back'], answer['total']"
MOST_MONTHS = 6  # side by side; earlier ones by the filter


@dataclass(frozen=True)
class SideLine:
    """One candidate: costs per success, and what it took to make."""

    name: str
    marginal: str
    loaded: str
    training: str
    evaluation: str
    people: str
    fixed: str


@dataclass(frozen=True)
class CostsPage:
    """``months`` that fit side by side; ``earlier``: how many do not. ``query``: the filter, for the CSV."""

    slug: str
    answer: str
    filter: CostFilter
    parts: Sequence[tuple[str, str]]
    ledger: Ledger
    months: Sequence[str]
    month_heads: Sequence[tuple[str, str]]
    earlier: int
    standing: Standing
    used: float | None
    said: Sequence[str]
    sides: Sequence[SideLine]
    volume: int
    pays_back: str
    serving: Sequence[Served]
    monthly_tasks: int | None
    missing: Action | None
    why: str
    query: str
    can_set: bool
    snippets: Sequence[Snippet]
    title: str = "Cost"


@dataclass(frozen=True)
class BudgetPage:
    slug: str
    standing: Standing
    limit: str
    tasks: str
    who: str
    at: datetime | None
    can_set: bool
    form: FormState = field(default_factory=FormState)
    title: str = "Budget"


def costs(session: Session, access: Access, wanted: CostFilter) -> CostsPage:
    found = service.costs(session, access, wanted)
    made = rules.ledger(found.entries)
    slug, compared = access.project.slug, found.compared
    query = urlencode(wanted.model_dump(exclude_defaults=True), doseq=True)
    return CostsPage(
        slug=slug,
        answer=found.answer,
        filter=wanted,
        parts=list(rules.PARTS.items()),
        ledger=made,
        months=made.months[-MOST_MONTHS:],
        month_heads=[(month, "num") for month in made.months[-MOST_MONTHS:]],
        earlier=max(0, len(made.months) - MOST_MONTHS),
        standing=found.standing,
        used=_used(found.standing),
        said=_said(found, made),
        sides=_sides(found),
        volume=compared.volume if compared else wanted.volume,
        pays_back=found.pays_back,
        serving=found.serving,
        monthly_tasks=found.monthly_tasks,
        missing=found.why.action if found.why else None,
        why=found.why.text if found.why else "",
        query=query,
        can_set=access.can("engineer"),
        snippets=call(f"/api/v1/projects/{slug}/costs" + (f"?{query}" if query else ""), PRINTS),
    )


def budget(session: Session, access: Access, form: FormState | None = None) -> BudgetPage:
    row = queries.budget(session, access.project.id)
    names = accounts.names(session, {row.updated_by}) if row and row.updated_by else {}
    return BudgetPage(
        slug=access.project.slug,
        standing=service.standing(session, access),
        limit="" if row is None or row.monthly_limit is None else f"{row.monthly_limit:g}",
        tasks=str(row.monthly_tasks) if row and row.monthly_tasks else "",
        who=next(iter(names.values()), ""),
        at=row.updated_at if row else None,
        can_set=access.can("engineer"),
        form=form or FormState(),
    )


def _used(standing: Standing) -> float | None:
    """Percent of the budget that is spent or held, at most 100."""
    if standing.limit is None:
        return None
    gone = standing.spent + standing.held
    return min(100.0, gone / standing.limit * 100) if standing.limit else 100.0


def _said(found: Costs, made: Ledger) -> list[str]:
    """What is not in the figures, plainly."""
    said = []
    if made.minutes and found.hourly_rate is None:
        said.append(f"{made.minutes:,.0f} minutes of people's time are not priced: the project has no hourly rate.")
    if made.held:
        said.append(f"{money(made.held)} more at most, for calls and jobs whose cost is not known.")
    if made.unknown:
        calls = plural(made.unknown, "call or job", "calls or jobs")
        said.append(f"{calls} had no price: what they cost is not in these figures.")
    if not any(line.is_part and line.label == rules.PARTS["monitoring"] and line.count for line in made.lines):
        said.append("Monitoring has cost nothing: no judge has looked at traffic.")
    return said


def _sides(found: Costs) -> list[SideLine]:
    if found.compared is None:
        return []
    marginal, loaded = found.rows.get(MARGINAL), found.rows.get(LOADED)
    names = (found.compared.sides.baseline.name, found.compared.sides.candidate.name)
    return [
        SideLine(
            name,
            _of(marginal, side),
            _of(loaded, side),
            *(money(value) for value in (fixed.training, fixed.evaluation, fixed.people, fixed.total)),
        )
        for side, (name, fixed) in enumerate(zip(names, found.compared.fixed, strict=True))
    ]


def _of(row: Row | None, side: int) -> str:
    if row is None:
        return "–"
    one = (row.baseline, row.candidate)[side]
    if one.low is None or one.high is None:
        return money(one.value)
    return f"{money(one.value)} [{money(one.low)}, {money(one.high)}]"
