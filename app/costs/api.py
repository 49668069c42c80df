"""Costs and the budget under ``/api/v1``."""

from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel

from app.comparisons.break_even import State
from app.costs import queries, service
from app.costs.forms import CostFilter, NewBudget
from app.costs.rules import Entry
from app.costs.service import Costs
from app.gateway.budgets import Standing
from app.gateway.models import ProjectBudget
from app.projects.access import Access, Engineer, Viewer
from app.web.idempotency import api_router
from app.web.session import SessionDep

router = api_router("costs")
BASE = "/projects/{slug}"


class EntryOut(BaseModel):
    """One kind of cost in one month. ``dollars_held``: what is not known to be spent and may be, at most."""

    month: str
    part: str
    kind: str
    count: int
    minutes: float
    dollars: float
    dollars_held: float
    without_price: int

    @classmethod
    def of(cls, e: Entry) -> "EntryOut":
        own = {name: getattr(e, name) for name in ("month", "part", "kind", "count", "minutes", "dollars")}
        return cls(**own, dollars_held=e.held, without_price=e.unknown)


class BreakEvenOut(BaseModel):
    """After how many tasks the candidate has paid for its making. ``interval``: its end is null where it has none."""

    state: State
    tasks: float | None
    interval: tuple[float | None, float | None]
    n: int


class BudgetOut(BaseModel):
    """Dollars of this calendar month (UTC). ``held``: calls under way or of unknown cost, by their estimates."""

    monthly_limit: float | None
    monthly_tasks: int | None
    spent: float
    held: float
    left: float | None
    calls_without_price: int
    updated_at: datetime | None

    @classmethod
    def of(cls, standing: Standing, row: ProjectBudget | None) -> "BudgetOut":
        return cls(
            monthly_limit=standing.limit,
            monthly_tasks=row.monthly_tasks if row else None,
            spent=standing.spent,
            held=standing.held,
            left=standing.left,
            calls_without_price=standing.unpriced,
            updated_at=row.updated_at if row else None,
        )


class CostsOut(BaseModel):
    """``answer``: what a successful task costs and whether tuning pays back, in a sentence."""

    answer: str
    items: list[EntryOut]
    total: float
    held: float
    budget: BudgetOut
    pays_back: BreakEvenOut | None

    @classmethod
    def of(cls, found: Costs, row: ProjectBudget | None) -> "CostsOut":
        back = found.compared.pays_back if found.compared else None
        items = [EntryOut.of(entry) for entry in found.entries]
        return cls(
            answer=found.answer,
            items=items,
            total=sum(item.dollars for item in items),
            held=sum(item.dollars_held for item in items),
            budget=BudgetOut.of(found.standing, row),
            pays_back=back
            and BreakEvenOut(state=back.state, tasks=back.tasks, interval=(back.low, back.high), n=back.n),
        )


@router.get(BASE + "/costs")
def costs(session: SessionDep, access: Viewer, wanted: Annotated[CostFilter, Query()]) -> CostsOut:
    """The ledger by month and kind, what a success costs, and what is left of the month's budget."""
    return CostsOut.of(service.costs(session, access, wanted), queries.budget(session, access.project.id))


@router.get(BASE + "/budget")
def get_budget(session: SessionDep, access: Viewer) -> BudgetOut:
    return _budget(session, access)


@router.put(BASE + "/budget")
def put_budget(session: SessionDep, access: Engineer, new: NewBudget) -> BudgetOut:
    """Set the month's limit for paid calls (null: none). What is under way stops before the call that would exceed
    it, and can be resumed once the limit is raised or the month is over."""
    service.set_budget(session, access, new)
    return _budget(session, access)


def _budget(session: SessionDep, access: Access) -> BudgetOut:
    return BudgetOut.of(service.standing(session, access), queries.budget(session, access.project.id))
