"""From stored outputs to grades, metrics and the manifest. Deterministic: the same outputs give the same bytes."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.clock import utcnow
from app.datasets import queries as datasets
from app.datasets.models import TestCase, TestSet
from app.evals import graded, instruction_levels, news, queries, read_back, retrieved
from app.evals.breakdown import as_json, parts, stability
from app.evals.graders import GraderSpec, grade, parse_spec
from app.evals.judges import queries as judgements
from app.evals.manifest import digest, manifest
from app.evals.models import EvalRun, Output
from app.evals.read_back import CaseLine, OutputLine
from app.evals.rules import Measured, Metric, ScoredGrade, ScoredOutput, measure, metrics_of
from app.jobs.queue import enqueue_at_commit

LEAST_CASES = 5  # of a part that is shown on its own; of a red-team set every category is
LOADED_AT_ONCE = 1_000


def score(session: Session, run: EvalRun) -> None:
    """Grade every output of the run, store the metrics and the manifest, and count the use of the set."""
    test_set = session.get_one(TestSet, run.test_set_id)
    specs = [parse_spec(raw) for raw in run.graders]
    cases = read_back.cases(session, test_set.id)
    outputs = read_back.outputs(session, run.id)
    given = _grades(session, run, specs, outputs)
    scored = [
        _scored(cases[one.case_id], one, [given[one.id][spec.name] for spec in specs], test_set) for one in outputs
    ]
    scored += _missing(run, cases, outputs, test_set)
    measured = measure(scored)
    found = [metric_json(metric) for metric in metrics_of(measured)] if scored else []
    instruction_levels.beside(found, specs, lambda: _items(session, test_set.id), scored)
    run.metrics = found
    run.breakdown = _breakdown(run, test_set, cases, measured)
    run.cost, run.judge_cost = queries.costs(session, run.id)
    run.failed = sum(output.status != "complete" for output in outputs)
    run.manifest = manifest(session, run, test_set, outputs)
    run.manifest_hash = digest(run.manifest)
    run.status, run.error, run.finished_at = "succeeded", None, utcnow()
    datasets.note_access(session, test_set.id, "scored_run", user_id=run.created_by, run_id=run.id)
    session.flush()
    news.tell(session, run)
    enqueue_at_commit(session, "comparisons.prepare", key=f"comparisons:{run.id}", run_id=run.id)


def _items(session: Session, test_set_id: str) -> dict[str, dict[str, Any]]:
    return {case.id: graded.item_of(case) for case in datasets.all_cases(session, test_set_id)}


def _breakdown(run: EvalRun, test_set: TestSet, cases: Mapping[str, CaseLine], measured: Measured) -> dict[str, Any]:
    labels = {
        case.id: [*(("tag", tag) for tag in case.tags), *((("behavior", case.behavior),) if case.behavior else ())]
        for case in cases.values()
    }
    least = 1 if test_set.kind == "red_team" else LEAST_CASES
    steady = stability(measured.success, measured.groups, run.repeats)
    return as_json(parts(measured, labels, least), steady, run.repeats)


Grades = dict[str, dict[str, ScoredGrade]]  # by output and grader


def _grades(session: Session, run: EvalRun, specs: Sequence[GraderSpec], outputs: Sequence[OutputLine]) -> Grades:
    """What was graded while the run went on is kept, and the rest is graded now. A run that was scored before is graded
    anew as a whole: by other graders, perhaps."""
    if run.manifest is not None:
        graded.forget(session, run.id)
    known: Grades = {one.id: {} for one in outputs} | read_back.grades(session, run.id)
    names = {spec.name for spec in specs}
    left = [one.id for one in outputs if not names <= known[one.id].keys()]
    said = judgements.of_run(session, run.id) if any(spec.definition.asks for spec in specs) else {}
    for start in range(0, len(left), LOADED_AT_ONCE):
        _grade(session, run.id, specs, left[start : start + LOADED_AT_ONCE], said, known)
    return known


def _grade(
    session: Session,
    run_id: str,
    specs: Sequence[GraderSpec],
    output_ids: Sequence[str],
    said: Mapping[str, Any],
    known: Grades,
) -> None:
    """Grade these outputs by the graders that ``known`` has nothing of yet, and put it there."""
    query = select(TestCase, Output).join(Output, Output.case_id == TestCase.id).where(Output.id.in_(output_ids))
    rows = session.execute(query).all()
    found = retrieved.sources(session, run_id, [case.id for case, _output in rows])
    new = []
    for case, output in rows:
        item, sample = graded.item_of(case, found.get(case.id)), graded.sample_of(output)
        for spec in specs:
            if spec.name not in known[output.id]:
                one = grade(spec, item, sample, said.get(output.id))
                known[output.id][spec.name] = ScoredGrade(spec.name, spec.metric, one.passed, one.detail)
                new.append((output.id, spec, one))
    graded.put(session, new)


def _scored(case: CaseLine, output: OutputLine, given: Sequence[ScoredGrade], test_set: TestSet) -> ScoredOutput:
    return ScoredOutput(
        case_id=case.id,
        status=output.status,
        grades=given,
        repeat=output.repeat,
        latency_ms=output.latency_ms,
        first_token_ms=output.first_token_ms,
        cost=output.cost,
        group=case.group_unit,
        kind=test_set.kind,  # type: ignore[arg-type]
        expected_behavior=case.expected_behavior,
        reused=output.reused,
    )


def _missing(
    run: EvalRun, cases: Mapping[str, CaseLine], outputs: Sequence[OutputLine], test_set: TestSet
) -> list[ScoredOutput]:
    """Cases that nothing came back for: never a pass, and counted."""
    there = {(output.case_id, output.repeat) for output in outputs}
    return [
        ScoredOutput(
            case_id=case.id,
            status="missing",
            repeat=repeat,
            group=case.group_unit,
            kind=test_set.kind,  # type: ignore[arg-type]
            expected_behavior=case.expected_behavior,
        )
        for case in cases.values()
        for repeat in range(run.repeats)
        if (case.id, repeat) not in there
    ]


def metric_json(metric: Metric) -> dict[str, Any]:
    """A metric as it is stored and answered."""
    interval = None if metric.low is None and metric.high is None else [metric.low, metric.high]
    names = ("key", "value", "n", "unit", "higher_is_better", "not_gradable")
    return {name: getattr(metric, name) for name in names} | {"interval": interval}
