"""From stored outputs to grades, metrics and the manifest. Deterministic: the same outputs give the same bytes."""

import hashlib
from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.candidates.few_shot import queries as few_shot
from app.candidates.few_shot import rules as few_shot_rules
from app.candidates.knowledge import pinning
from app.candidates.models import Candidate
from app.core.clock import utcnow
from app.datasets import queries as datasets
from app.datasets.models import TestCase, TestSet
from app.evals import graded, instruction_levels, news, queries, retrieved
from app.evals.breakdown import as_json, parts, stability
from app.evals.graders import Grade as Given
from app.evals.graders import GraderSpec, grade, parse_spec
from app.evals.judges import queries as judgements
from app.evals.models import EvalRun, Output
from app.evals.rules import Kind, Metric, ScoredGrade, ScoredOutput, measure, metrics
from app.gateway.models import Provider
from app.jobs.queue import enqueue_at_commit

APP_VERSION = "0.1.0"
LEAST_CASES = 5  # of a part that is shown on its own; of a red-team set every category is


def score(session: Session, run: EvalRun) -> None:
    """Grade every output of the run, store the metrics and the manifest, and count the use of the set."""
    test_set = session.get_one(TestSet, run.test_set_id)
    specs = [parse_spec(raw) for raw in run.graders]
    cases = {case.id: case for case in datasets.all_cases(session, test_set.id)}
    outputs = session.scalars(select(Output).where(Output.run_id == run.id)).all()
    scored = _grade_all(session, run, specs, cases, outputs, test_set)
    scored += _missing(run, cases, outputs, test_set)
    found = [metric_json(metric) for metric in metrics(scored)]
    instruction_levels.beside(
        found, specs, lambda: {case_id: graded.item_of(case) for case_id, case in cases.items()}, scored
    )
    run.metrics = found
    run.breakdown = _breakdown(run, test_set, cases, scored)
    run.cost, run.judge_cost = queries.costs(session, run.id)
    run.failed = sum(output.status != "complete" for output in outputs)
    run.manifest = manifest(session, run, test_set, outputs)
    run.manifest_hash = digest(run.manifest)
    run.status, run.error, run.finished_at = "succeeded", None, utcnow()
    datasets.note_access(session, test_set.id, "scored_run", user_id=run.created_by, run_id=run.id)
    session.flush()
    news.tell(session, run)
    enqueue_at_commit(session, "comparisons.prepare", key=f"comparisons:{run.id}", run_id=run.id)


def _breakdown(
    run: EvalRun, test_set: TestSet, cases: dict[str, TestCase], scored: Sequence[ScoredOutput]
) -> dict[str, Any]:
    labels = {
        case.id: [*(("tag", tag) for tag in case.tags), *((("behavior", case.behavior),) if case.behavior else ())]
        for case in cases.values()
    }
    measured = measure(scored)
    least = 1 if test_set.kind == "red_team" else LEAST_CASES
    steady = stability(measured.success, measured.groups, run.repeats)
    return as_json(parts(measured, labels, least), steady, run.repeats)


def _grade_all(
    session: Session,
    run: EvalRun,
    specs: Sequence[GraderSpec],
    cases: dict[str, TestCase],
    outputs: Sequence[Output],
    test_set: TestSet,
) -> list[ScoredOutput]:
    """Anew, but for what was graded while a first scoring went on: that was these graders, without a judge."""
    judged = any(spec.definition.asks for spec in specs)
    said = judgements.of_run(session, run.id) if judged else {}
    kept = graded.of_run(session, run.id) if run.manifest is None else {}
    if judged or run.manifest is not None:
        graded.forget(session, run.id)
    found = retrieved.sources(session, run.id)
    scored, new = [], []
    for output in outputs:
        known = kept.get(output.id, {})
        item = graded.item_of(cases[output.case_id], found.get(output.case_id))
        sample, verdicts = graded.sample_of(output), said.get(output.id)
        given = [
            (spec, known[spec.name])
            if spec.name in known and not spec.definition.asks
            else (spec, grade(spec, item, sample, verdicts))
            for spec in specs
        ]
        new += [(output, spec, one) for spec, one in given if judged or spec.name not in known]
        scored.append(scored_output(cases[output.case_id], output, given, test_set))
    graded.put(session, new)
    return scored


def scored_output(
    case: TestCase, output: Output, given: Sequence[tuple[GraderSpec, Given]], test_set: TestSet
) -> ScoredOutput:
    status: Any = output.status
    return ScoredOutput(
        case_id=case.id,
        status=status,
        grades=[ScoredGrade(spec.name, spec.metric, one.passed, one.detail) for spec, one in given],
        repeat=output.repeat,
        latency_ms=output.latency_ms,
        cost=output.cost,
        group=case.group_unit,
        kind=_kind(test_set),
        expected_behavior=case.behavior or case.expected.get("behavior"),
    )


def _missing(
    run: EvalRun, cases: dict[str, TestCase], outputs: Sequence[Output], test_set: TestSet
) -> list[ScoredOutput]:
    """Cases that nothing came back for: never a pass, and counted."""
    there = {(output.case_id, output.repeat) for output in outputs}
    return [
        ScoredOutput(
            case_id=case.id,
            status="missing",
            repeat=repeat,
            group=case.group_unit,
            kind=_kind(test_set),
            expected_behavior=case.behavior or case.expected.get("behavior"),
        )
        for case in cases.values()
        for repeat in range(run.repeats)
        if (case.id, repeat) not in there
    ]


def _kind(test_set: TestSet) -> Kind:
    kind: Any = test_set.kind
    return kind  # type: ignore[no-any-return]


def metric_json(metric: Metric) -> dict[str, Any]:
    """A metric as it is stored and answered."""
    interval = None if metric.low is None and metric.high is None else [metric.low, metric.high]
    names = ("key", "value", "n", "unit", "higher_is_better", "not_gradable")
    return {name: getattr(metric, name) for name in names} | {"interval": interval}


def manifest(session: Session, run: EvalRun, test_set: TestSet, outputs: Sequence[Output]) -> dict[str, Any]:
    """Everything that made the scores; change any part and the hash is another."""
    candidate = session.get_one(Candidate, run.candidate_id)
    provider = session.get(Provider, candidate.provider_id) if candidate.provider_id else None
    shots = [
        few_shot_rules.named(shot.example_id, shot.revision, shot.messages)
        for shot in few_shot.of_candidate(session, candidate.id)
    ]
    texts = sorted((o.case_id, o.repeat, o.status, o.text or "") for o in outputs)
    return {
        "app_version": APP_VERSION,
        "test_set": {"id": test_set.id, "name": test_set.name, "size": test_set.size, "sha256": test_set.content_hash},
        "candidate": {
            "id": candidate.id,
            "provider": provider.base_url if provider else None,
            "model": candidate.model,
            "models_returned": sorted({o.model_returned for o in outputs if o.model_returned}),
            "system_prompt": candidate.system_prompt,
            "prompt_template": candidate.prompt_template,
            "parameters": candidate.parameters,
            "price": candidate.price,
        }
        | ({"few_shot": shots} if shots else {})
        | _searched(session, run, candidate),
        "graders": run.graders,
        "repeats": run.repeats,
        "outputs_sha256": digest(texts),
    } | judgements.manifest(session, run)


def _searched(session: Session, run: EvalRun, candidate: Candidate) -> dict[str, Any]:
    """What was searched and what was found, for a candidate with retrieval."""
    if candidate.retrieval is None:
        return {}
    found, _milliseconds = retrieved.searches(session, run.id)
    return {"retrieval": pinning.manifest(session, candidate.retrieval) | {"retrieved_sha256": digest(found)}}


def digest(value: Any) -> str:
    """SHA-256 of canonical JSON: sorted keys, no blanks, UTF-8."""
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()
