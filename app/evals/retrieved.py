"""What was retrieved for the cases of a run: searched once, kept, and read again for grades and pages."""

import time
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.candidates.knowledge import queries as knowledge
from app.candidates.knowledge.embedding.vectors import NoVectors
from app.candidates.knowledge.pinning import Pinned
from app.candidates.knowledge.rules import Found
from app.candidates.rules import request_of
from app.core.db import transaction
from app.datasets.models import TestCase
from app.evals.models import EvalRun, Output, Retrieval
from app.evals.runner.asking import Case
from app.evals.runner.errors import CannotStart

Sources = list[dict[str, Any]]


def have_vectors(run_id: str, pinned: Pinned | None) -> None:
    """Where a provider makes the vectors of requests, ask it for those that are missing, before anything else is sent.
    Raises CannotStart, whose message says what to do."""
    if pinned is None:
        return
    with transaction() as session:
        query = select(TestCase.messages).join(EvalRun, EvalRun.test_set_id == TestCase.test_set_id)
        cases = session.scalars(query.where(EvalRun.id == run_id).order_by(TestCase.position)).all()
        requests = [request_of(messages) for messages in cases]
        if pinned.ready(session, requests):
            return
    try:
        pinned.embed(requests, run_id)
    except NoVectors as error:
        raise CannotStart(str(error)) from error


def search(run_id: str, pinned: Pinned, cases: Sequence[Case]) -> dict[str, list[Found]]:
    """What each case is answered from. Kept before it is sent, so that a call sent again sends the same."""
    with transaction() as session:
        kept = of_cases(session, run_id, [case.id for case in cases])
        for case in cases:
            if case.id not in kept:
                began = time.perf_counter()
                kept[case.id] = pinned.find(session, request_of(case.messages))
                _keep(session, run_id, case.id, kept[case.id], (time.perf_counter() - began) * 1000)
    return kept


def _keep(session: Session, run_id: str, case_id: str, found: Sequence[Found], milliseconds: float) -> None:
    """Two workers that search for one case find the same, and the first is kept."""
    row = {
        "run_id": run_id,
        "case_id": case_id,
        "passage_ids": [one.passage_id for one in found],
        "scores": [one.score for one in found],
        "milliseconds": milliseconds,
    }
    session.execute(insert(Retrieval).values(row).on_conflict_do_nothing())


def of_cases(session: Session, run_id: str, case_ids: Sequence[str] | None = None) -> dict[str, list[Found]]:
    """By case what was retrieved for it; all cases of the run where none are named."""
    query = select(Retrieval).where(Retrieval.run_id == run_id)
    if case_ids is not None:
        query = query.where(Retrieval.case_id.in_(case_ids))
    rows = session.scalars(query).all()
    passages = knowledge.shown(session, {passage_id for row in rows for passage_id in row.passage_ids})
    return {
        row.case_id: [
            Found(number, passage_id, *passages[passage_id], score)
            for number, (passage_id, score) in enumerate(zip(row.passage_ids, row.scores, strict=True), 1)
        ]
        for row in rows
    }


def of_case(session: Session, run_id: str, case_id: str) -> tuple[list[Found] | None, float | None]:
    """(what was retrieved, milliseconds of the search); None for a run without retrieval."""
    kept = session.get(Retrieval, (run_id, case_id))
    return (of_cases(session, run_id, [case_id])[case_id], kept.milliseconds) if kept else (None, None)


def sources(session: Session, run_id: str, case_ids: Sequence[str] | None = None) -> dict[str, Sources]:
    """By case what graders see as ``item.retrieved``."""
    return {case: [one.source for one in found] for case, found in of_cases(session, run_id, case_ids).items()}


def of_outputs(session: Session, outputs: Iterable[Output]) -> dict[str, Sources]:
    """The same by output, of any runs; those without retrieval are left out."""
    by_run: dict[str, list[Output]] = {}
    for output in outputs:
        by_run.setdefault(output.run_id, []).append(output)
    found: dict[str, Sources] = {}
    for run_id, theirs in by_run.items():
        kept = sources(session, run_id, [output.case_id for output in theirs])
        found |= {output.id: kept[output.case_id] for output in theirs if output.case_id in kept}
    return found


def searches(session: Session, run_id: str) -> tuple[list[list[Any]], list[float]]:
    """([[case, passages]…] in the order of the cases' ids, milliseconds of the searches)."""
    rows = session.scalars(select(Retrieval).where(Retrieval.run_id == run_id).order_by(Retrieval.case_id)).all()
    return [[row.case_id, row.passage_ids] for row in rows], [row.milliseconds for row in rows]
