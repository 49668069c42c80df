"""From the stored outputs and grades of paired runs to what each case shows, the same cases on both sides."""

from collections import ChainMap, Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from app.comparisons import queries
from app.comparisons.choice import NotReady, RunPair
from app.datasets.models import TestSet
from app.evals.models import EvalRun
from app.evals.rules import Measured, ScoredGrade, ScoredOutput, measure


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case without its text."""

    id: str
    test_set_id: str
    position: int
    group: str
    behavior: str | None
    tags: Sequence[str]


@dataclass(frozen=True)
class Material:
    """``cases``: by id, in the order of the sets and of the cases in them. ``graders``: those that count, because both
    runs have them word for word; ``left_out``: the others."""

    baseline: Measured
    candidate: Measured
    cases: Mapping[str, CaseRow]
    graders: Sequence[str]
    left_out: Sequence[str]
    members: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def material(session: Session, pairs: Sequence[RunPair]) -> Material:
    """Everything of the paired runs but texts. NotReady where two runs share no grader."""
    cases = case_rows(session, pairs)
    before: list[Measured] = []
    after: list[Measured] = []
    counted: dict[str, None] = {}
    left_out: dict[str, None] = {}
    for pair in pairs:
        rows = [row for row in cases.values() if row.test_set_id == pair.test_set.id]
        same = common_graders(pair.baseline.graders, pair.candidate.graders)
        if not same:
            raise _graded_apart(pair)
        counted |= dict.fromkeys(same)
        names = [one["name"] for run in (pair.baseline, pair.candidate) for one in run.graders]
        left_out |= dict.fromkeys(name for name in names if name not in same)
        for run, found in ((pair.baseline, before), (pair.candidate, after)):
            found.append(measure(_scored(session, run, rows, set(same), pair.test_set.kind)))
    return Material(joined(before), joined(after), cases, list(counted), list(left_out))


def of_run(session: Session, run: EvalRun, test_set: TestSet) -> Measured:
    """What one run shows by itself, by all its graders."""
    rows = [CaseRow(*row) for row in queries.cases(session, test_set.id)]
    names = {str(one["name"]) for one in run.graders}
    return measure(_scored(session, run, rows, names, test_set.kind))


def case_rows(session: Session, pairs: Sequence[RunPair]) -> dict[str, CaseRow]:
    """By id, in the order of the sets and of the cases in them."""
    found: dict[str, CaseRow] = {}
    for pair in pairs:
        found |= {row[0]: CaseRow(*row) for row in queries.cases(session, pair.test_set.id)}
    return found


def joined(sets: Sequence[Measured]) -> Measured:
    """One candidate over several sets. Each is measured on its own, since sets may have different graders: a case is
    not failed for a metric that its set does not ask for."""
    rates: dict[str, dict[str, float]] = {}
    not_gradable: Counter[str] = Counter()
    for one in sets:
        for key, cases in one.rates.items():
            rates.setdefault(key, {}).update(cases)
        not_gradable.update(one.not_gradable)
    costs = [one.costs for one in sets if one.costs is not None]
    return Measured(
        rates=rates,
        not_gradable=not_gradable,
        success=dict(ChainMap(*(dict(one.success) for one in sets))),
        latencies=dict(ChainMap(*(dict(one.latencies) for one in sets))),
        first_tokens=dict(ChainMap(*(dict(one.first_tokens) for one in sets))),
        costs=dict(ChainMap(*(dict(one) for one in costs))) if len(costs) == len(sets) else None,
        groups=dict(ChainMap(*(dict(one.groups) for one in sets))),
        disputed=frozenset().union(*(one.disputed for one in sets)),
    )


def common_graders(one: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names of the graders that are the same in both: what another grader passes is no difference of the models."""
    kept = ("definition", "metric", "pass_threshold")
    known = {grader["name"]: [grader.get(key) for key in kept] for grader in other}
    return [grader["name"] for grader in one if known.get(grader["name"]) == [grader.get(key) for key in kept]]


def _graded_apart(pair: RunPair) -> NotReady:
    before, after = pair.baseline.number, pair.candidate.number
    return NotReady(
        f"Runs {before} and {after} were graded by different graders",
        f"On “{pair.test_set.name}” they share none: measure both, or grade one again, with the same ones.",
    )


def _scored(
    session: Session, run: EvalRun, cases: Sequence[CaseRow], graders: set[str], kind: Any
) -> list[ScoredOutput]:
    """The run's outputs as the rules take them; a case without an output is missing, and counts."""
    given: dict[str, list[ScoredGrade]] = {}
    for output_id, grader, metric, passed in queries.grades(session, run.id):
        if grader in graders:
            given.setdefault(output_id, []).append(ScoredGrade(grader, metric, passed))
    found = {(row.case_id, row.repeat): row for row in queries.outputs(session, run.id)}
    scored = []
    for case in cases:
        for repeat in range(run.repeats):
            row = found.get((case.id, repeat))
            scored.append(
                ScoredOutput(
                    case_id=case.id,
                    status=row.status if row else "missing",
                    grades=given.get(row.id, ()) if row else (),
                    repeat=repeat,
                    latency_ms=row.latency_ms if row else None,
                    first_token_ms=row.first_token_ms if row else None,
                    cost=row.cost if row else None,
                    group=case.group,
                    kind=kind,
                    expected_behavior=case.behavior,
                    reused=bool(row and row.reused_from),
                )
            )
    return scored
