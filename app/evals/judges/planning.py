"""Which judgements a run wants, and a planned call for each that is missing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.datasets.models import TestCase
from app.evals import graded, retrieved
from app.evals.graders import GraderSpec, NotGradable, parse_spec
from app.evals.graders.base import OutputError
from app.evals.graders.judging import Ask, request_body
from app.evals.graders.templates import Scope
from app.evals.judges.models import JudgementRow
from app.evals.judges.pairs import Others, others_of
from app.evals.models import EvalRun, Output
from app.gateway.models import PaidCall

PURPOSE = "judge"
BATCH = 1_000
MARK = "0" * 8  # of the length that a real one has


def asks_of(run: EvalRun) -> dict[str, Ask]:
    """What the run's graders ask of judges, by key; two graders that ask the same share the answer."""
    return {ask.key: ask for raw in run.graders for ask in parse_spec(raw).definition.asks}


def plan(session: Session, run: EvalRun) -> dict[str, Ask]:
    """Plan a call for each judgement that is wanted and missing; forget planned ones that are not wanted any more.

    Only complete outputs are judged, and only where the case has what the grader needs: for the others no judge is
    paid. Sets the run's counts. May be repeated. Answers ``asks_of`` the run.
    """
    specs = [spec for spec in map(parse_spec, run.graders) if spec.definition.asks]
    wanted = {item: (ask, characters) for item, ask, characters in _wanted(session, run, specs)} if specs else {}
    there = {
        f"{row.output_id}:{row.judge}:{row.turn}": row.status
        for row in session.execute(
            select(JudgementRow.output_id, JudgementRow.judge, JudgementRow.turn, JudgementRow.status).where(
                JudgementRow.run_id == run.id
            )
        )
    }
    _forget(session, run, wanted.keys())
    missing = {item: wants for item, wants in wanted.items() if item not in there}
    rows = [call_of(run.project_id, run.id, PURPOSE, item, *wants) for item, wants in missing.items()]
    for start in range(0, len(rows), BATCH):
        session.execute(insert(PaidCall).on_conflict_do_nothing(), rows[start : start + BATCH])
    known = [there[item] for item in wanted if item in there]
    counts = {
        "judge_total": len(wanted),
        "judge_done": len(known),
        "judge_failed": sum(status != "given" for status in known),
    }
    session.execute(update(EvalRun).where(EvalRun.id == run.id).values(**counts))
    return asks_of(run)


def _wanted(session: Session, run: EvalRun, specs: Sequence[GraderSpec]) -> Iterator[tuple[str, Ask, int]]:
    others = others_of(session, [ask for spec in specs for ask in spec.definition.asks])
    found = retrieved.sources(session, run.id)
    query = select(TestCase, Output).join(Output, Output.case_id == TestCase.id).where(Output.run_id == run.id)
    yield from judgements_of(session.execute(query.order_by(Output.id)), specs, others, found)


def judgements_of(
    rows: Iterable[Row[TestCase, Output]],
    specs: Sequence[GraderSpec],
    others: Others,
    found: Mapping[str, Any],
) -> Iterator[tuple[str, Ask, int]]:
    """(item, ask, characters of its prompt) of every judgement that graders want of these outputs. ``found``: by case
    the passages that a search gave the candidate."""
    for case, output in rows:
        scope = Scope(graded.item_of(case, found.get(case.id)), graded.sample_of(output))
        if scope.sample.incomplete:
            continue
        for spec in specs:
            for ask, characters in _askable(spec, scope, others, output):
                for turn in ask.turns:
                    yield f"{output.id}:{ask.key}:{turn}", ask, characters


def _askable(spec: GraderSpec, scope: Scope, others: Others, output: Output) -> Iterator[tuple[Ask, int]]:
    try:
        scope.check_item(spec.definition.templates)
        spec.definition.check_case(scope.item)
        for ask in spec.definition.asks:
            pair = others.pair(ask, output, "ab")
            if ask.against and pair is None:
                continue
            body = request_body(ask, scope, MARK, pair)
            yield ask, sum(len(message["content"]) for message in body["messages"])
    except (NotGradable, OutputError):
        return


def call_of(project_id: str, subject_id: str, purpose: str, item: str, ask: Ask, characters: int) -> dict[str, Any]:
    """A planned call to a judge as the ledger has it."""
    return {
        "id": str(uuid4()),  # random, as the marks of the prompt are made of it
        "project_id": project_id,
        "provider_id": ask.provider,
        "subject_id": subject_id,
        "purpose": purpose,
        "item": item,
        "attempt": 1,
        "state": "planned",
        "cost_estimate": ask.most_it_can_cost(characters),
    }


def _forget(session: Session, run: EvalRun, wanted: Any) -> None:
    """Planned calls of judges that the run does not have any more."""
    planned = select(PaidCall.id, PaidCall.item).where(
        PaidCall.subject_id == run.id, PaidCall.purpose == PURPOSE, PaidCall.state == "planned"
    )
    stale = [row.id for row in session.execute(planned) if row.item not in wanted]
    if stale:
        session.execute(delete(PaidCall).where(PaidCall.id.in_(stale)))
