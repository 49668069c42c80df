"""Verbs of costs: the ledger, what a success costs, the budget."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.comparisons import choice
from app.comparisons import service as comparisons
from app.comparisons.choice import NotReady
from app.comparisons.cost_words import cost_line, pays_back
from app.comparisons.rules import Row
from app.comparisons.service import Compared
from app.core.errors import NotFound
from app.costs import queries, rules
from app.costs.forms import CostFilter, NewBudget
from app.costs.rules import Entry
from app.decisions.service import gates_of
from app.gateway import budgets
from app.gateway.budgets import Standing
from app.gateway.models import ProjectBudget
from app.projects.access import Access

SERVED = "cost_per_case"  # the marginal cost of a task, whether it succeeds or not


@dataclass(frozen=True)
class Served:
    """What ``tasks`` a month would cost with a candidate, in dollars, with its 95 % interval; None without a price."""

    name: str
    dollars: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Costs:
    """``why``: what is missing for a comparison. ``monthly_tasks``: as stated, None where nobody has."""

    entries: Sequence[Entry]
    hourly_rate: float | None
    standing: Standing
    monthly_tasks: int | None
    compared: Compared | None
    why: NotReady | None

    @property
    def rows(self) -> Mapping[str, Row]:
        return {row.key: row for row in self.compared.result.rows} if self.compared else {}

    @property
    def serving(self) -> list[Served]:
        row = self.rows.get(SERVED)
        if row is None or self.compared is None or self.monthly_tasks is None:
            return []
        sides, many = self.compared.sides, self.monthly_tasks
        both = ((sides.baseline.name, row.baseline), (sides.candidate.name, row.candidate))
        return [Served(name, *(v and v * many for v in (one.value, one.low, one.high))) for name, one in both]

    @property
    def answer(self) -> str:
        """What a successful task costs, and whether tuning pays back."""
        if self.compared is None:
            return f"What a successful task costs is not known yet: {_lower(self.why.title if self.why else '')}."
        line = cost_line(self.rows, self.compared.volume, self.compared.pays_back)
        if line:
            return line
        return "What a successful task costs is not known: a price is missing, or nothing succeeded."

    @property
    def pays_back(self) -> str:
        return pays_back(self.compared.pays_back) if self.compared else ""


def costs(session: Session, access: Access, wanted: CostFilter) -> Costs:
    project = access.project
    compared, why = _compared(session, access, wanted)
    set_up = queries.budget(session, project.id)
    return Costs(
        entries(session, access, wanted),
        project.expert_hourly_rate,
        budgets.standing(session, project.id),
        set_up.monthly_tasks if set_up else None,
        compared,
        why,
    )


def entries(session: Session, access: Access, wanted: CostFilter) -> list[Entry]:
    """The ledger within the filter, people's time at the project's rate."""
    project = access.project
    everything = rules.priced(queries.entries(session, project.id), project.expert_hourly_rate)
    return rules.within(everything, wanted.since, wanted.until, wanted.part)


def _compared(session: Session, access: Access, wanted: CostFilter) -> tuple[Compared | None, NotReady | None]:
    try:
        sides = choice.sides(session, access, wanted)
        asked = "volume" in wanted.model_fields_set
        volume = wanted.volume if asked else gates_of(session, access.project.id).volume
        return comparisons.compare_sides(session, access, sides, wanted.test_set, volume), None
    except NotReady as missing:
        return None, missing
    except NotFound:
        if wanted.baseline or wanted.candidate or wanted.test_set or wanted.baseline_run or wanted.candidate_run:
            raise
        return None, None  # whoever votes blind on these runs sees the ledger alone


def set_budget(session: Session, access: Access, new: NewBudget) -> ProjectBudget:
    project = access.project
    queries.set_budget(session, project.id, access.user.id, new.monthly_limit, new.monthly_tasks)
    record(session, "set", "budget", project.id, actor_id=access.user.id, project_id=project.id, **new.model_dump())
    session.expire_all()
    return session.get_one(ProjectBudget, project.id)


def _lower(title: str) -> str:
    words = title.rstrip(".") or "you vote on these runs, so their figures are kept from you"
    return words[0].lower() + words[1:]


def standing(session: Session, access: Access) -> Standing:
    return budgets.standing(session, access.project.id)
