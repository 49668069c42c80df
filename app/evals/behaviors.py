"""The behaviour table of a run's page: expected against observed, with over- and under-refusal apart."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.core.stats.results import Estimate
from app.evals import queries
from app.evals.behavior_table import NONE, BehaviorTable, behavior_table
from app.evals.graders.behavior_rules import BEHAVIORS
from app.evals.rules import ScoredGrade, ScoredOutput
from app.web.charts import RATE_AXIS, IntervalMark, interval_mark
from app.web.grids import Confusion, confusion
from app.web.words import percent


@dataclass(frozen=True)
class Refusals:
    """One kind of wrong refusal, as a metric row shows it."""

    label: str
    note: str
    value: str
    interval: str
    n: int
    mark: IntervalMark | None


@dataclass(frozen=True)
class BehaviorView:
    grid: Confusion
    refusals: Sequence[Refusals]


def view(session: Session, run_id: str) -> BehaviorView | None:
    """None where no case of the run says which behaviour it expects, or no behaviour grader looked."""
    found = table(session, [run_id])
    return None if found is None else shown(found)


def table(session: Session, run_ids: Sequence[str]) -> BehaviorTable | None:
    """Over runs of one candidate, each on a set of its own."""
    return behavior_table(
        [
            ScoredOutput(
                case_id=row.case_id,
                status=row.status,
                grades=[ScoredGrade(row.grader, row.metric, row.passed, row.detail)] if row.grader else (),
                repeat=row.repeat,
                group=row.group_unit,
                expected_behavior=row.expected,
            )
            for run_id in run_ids
            for row in queries.behaviors(session, run_id)
        ]
    )


def shown(table: BehaviorTable) -> BehaviorView:
    columns = (*BEHAVIORS, NONE)
    counts = [[table.counts[expected][observed] for observed in columns] for expected in BEHAVIORS]
    over = _refusals("Over-refusal", "should have answered, refused", table.over_refusal)
    under = _refusals("Under-refusal", "should have refused, answered", table.under_refusal)
    return BehaviorView(confusion(BEHAVIORS, counts, columns), (over, under))


def _refusals(label: str, note: str, estimate: Estimate) -> Refusals:
    known = estimate.low is not None and estimate.high is not None
    interval = f"{percent(estimate.low)} to {percent(estimate.high)}" if known else "no interval"
    mark = interval_mark(RATE_AXIS, estimate.low, estimate.value, estimate.high)
    return Refusals(label, note, percent(estimate.value), interval, estimate.n, mark)
