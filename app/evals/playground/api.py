"""The playground under ``/api/v1``."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import BaseModel
from sqlalchemy.orm import Session
from starlette.responses import StreamingResponse

from app.accounts.access import identify
from app.annotation.assist.models import ModelBatch
from app.candidates.api import CandidateOut
from app.candidates.api import told as candidate_told
from app.core.db import transaction
from app.evals.graders import parse_spec
from app.evals.playground import judging, pages, queries, retrieving, service
from app.evals.playground.forms import NewTrial, NewVersion, UnknownDecision
from app.evals.playground.grading import grades
from app.evals.playground.models import PlaygroundTrial
from app.projects.access import Engineer, Viewer
from app.web.idempotency import api_router
from app.web.paging import MAX_LIMIT, ListAnswer
from app.web.session import SessionDep
from app.web.sse import Event, event_stream

router = api_router("candidates")
BASE = "/projects/{slug}/playground"
ONE = BASE + "/{trial_id}"


class EstimateOut(BaseModel):
    """At most; ``cost`` in dollars, null where no price is known. ``judge_…``: what judges may be asked afterwards."""

    calls: int
    input_tokens: int
    output_tokens: int
    cost: float | None
    example_ids: list[str]
    left_out: dict[str, int]
    judge_calls: int
    judge_cost: float | None


class GradeOut(BaseModel):
    grader: str
    score: float | None
    passed: bool | None
    reason: str


class TriedOut(BaseModel):
    """What one variant answered to one example; ``variant`` counts from 0. ``retrieved``: what a search gave it."""

    variant: int
    example_id: str
    revision: int
    state: str
    text: str | None
    problem: str | None
    latency_ms: float | None
    input_tokens: int | None
    output_tokens: int | None
    cost: float | None
    grades: list[GradeOut]
    retrieved: list[dict[str, Any]] | None


class JudgingOut(BaseModel):
    """``calls`` that judges were not asked yet, for ``estimate`` dollars at most; ``status`` is empty before any was.
    ``unknown_calls`` may have been billed without a verdict, and wait for a decision."""

    status: str
    calls: int
    estimate: float | None
    cost: float | None
    error: str | None
    unknown_calls: int


class TrialOut(BaseModel):
    """``judging``: null where no grader asks a judge."""

    id: str
    status: str
    progress: dict[str, int]
    error: str | None
    candidate_id: str
    variants: list[dict[str, Any]]
    cost: float | None
    budget: float | None
    created_at: datetime
    judging: JudgingOut | None = None
    outputs: list[TriedOut] = []

    @classmethod
    def of(cls, trial: PlaygroundTrial, batches: list[ModelBatch], outputs: list[TriedOut] | None = None) -> "TrialOut":
        costs = [one.cost for one in batches if one.cost is not None]
        return cls(
            id=trial.id,
            status=pages.status(batches),
            progress={"done": sum(one.done for one in batches), "total": sum(one.total for one in batches)},
            error=next((one.error for one in batches if one.error), None),
            candidate_id=trial.candidate_id,
            variants=[dict(one.settings) for one in batches],
            cost=sum(costs) if costs else None,
            budget=trial.budget,
            created_at=trial.created_at,
            outputs=outputs or [],
        )


@router.post(BASE + "/estimate")
def estimate(session: SessionDep, access: Engineer, new: NewTrial) -> EstimateOut:
    """What it would cost at most. Nothing is sent."""
    found = service.plan(session, access, new)
    names = ("calls", "input_tokens", "output_tokens", "left_out")
    same = {name: getattr(found, name) for name in names}
    calls, dollars = found.judging
    return EstimateOut(
        cost=found.dollars, example_ids=list(found.examples), judge_calls=calls, judge_cost=dollars, **same
    )


@router.post(BASE, status_code=202)
def start(session: SessionDep, access: Engineer, new: NewTrial) -> TrialOut:
    """Ask up to three prompts on up to five training examples."""
    return _fresh(session, service.start(session, access, new))


@router.get(BASE)
def list_trials(
    session: SessionDep,
    access: Viewer,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 50,
) -> ListAnswer[TrialOut]:
    found = queries.page(session, access.project.id, cursor, limit)
    batches = queries.batches_of(session, [trial.id for trial, _name in found.items])
    rows = [TrialOut.of(trial, batches[trial.id]) for trial, _name in found.items]
    return ListAnswer(items=rows, next_cursor=found.next_cursor)


@router.get(ONE)
def get_trial(session: SessionDep, access: Viewer, trial_id: str) -> TrialOut:
    trial = queries.get(session, access.project.id, trial_id)
    batches = list(queries.batches(session, trial.id))
    told = TrialOut.of(trial, batches, _outputs(session, trial, batches))
    return told.model_copy(update={"judging": _judging(session, trial)})


@router.post(ONE + "/candidates", status_code=201)
def save(session: SessionDep, access: Engineer, trial_id: str, new: NewVersion) -> CandidateOut:
    """A variant as an immutable candidate, cloned from the one that it was tried with."""
    made = service.save(session, access, queries.get(session, access.project.id, trial_id), new)
    session.refresh(made)
    return candidate_told(session, access, made)


@router.post(ONE + "/cancel")
def cancel(session: SessionDep, access: Engineer, trial_id: str) -> TrialOut:
    trial = queries.get(session, access.project.id, trial_id)
    service.cancel(session, access, trial)
    return _fresh(session, trial)


@router.post(ONE + "/resume", status_code=202)
def resume(session: SessionDep, access: Engineer, trial_id: str) -> TrialOut:
    trial = queries.get(session, access.project.id, trial_id)
    service.resume(session, access, trial)
    return _fresh(session, trial)


@router.post(ONE + "/unknown-calls", status_code=202)
def decide_unknown(session: SessionDep, access: Engineer, trial_id: str, decision: UnknownDecision) -> TrialOut:
    trial = queries.get(session, access.project.id, trial_id)
    service.decide_unknown(session, access, trial, decision.action)
    return _fresh(session, trial)


@router.post(ONE + "/judging", status_code=202)
def judge(session: SessionDep, access: Engineer, trial_id: str) -> JudgingOut | None:
    """Have the judges of the graders asked about outputs that they have not judged. 409 while outputs come in."""
    trial = queries.get(session, access.project.id, trial_id)
    judging.ask(session, access, trial)
    return _judging(session, trial)


@router.post(ONE + "/judging/unknown-calls", status_code=202)
def decide_unknown_verdicts(
    session: SessionDep, access: Engineer, trial_id: str, decision: UnknownDecision
) -> JudgingOut | None:
    trial = queries.get(session, access.project.id, trial_id)
    judging.decide_unknown(session, access, judging.get(session, trial.id), decision.action)
    return _judging(session, trial)


def _judging(session: Session, trial: PlaygroundTrial) -> JudgingOut | None:
    found = judging.standing(session, trial)
    if found is None:
        return None
    same = {name: getattr(found, name) for name in ("status", "calls", "cost", "error")}
    return JudgingOut(**same, estimate=found.dollars, unknown_calls=found.unknown)


@router.get(ONE + "/events")
def events(request: Request, access: Viewer, trial_id: str) -> StreamingResponse:
    project_id = access.project.id

    def poll(last: str | None) -> list[Event]:
        with transaction() as session:
            identify(request, session)
            trial = queries.get(session, project_id, trial_id)
            batches = list(queries.batches(session, trial.id))
            told = TrialOut.of(trial, batches).model_dump(mode="json")
        mark = f"{told['status']}:{told['progress']['done']}"
        changed = [Event(mark, "progress", told)] if mark != last else []
        return changed if queries.open_batches(batches) else [*changed, Event(f"{mark}:end", "end", told)]

    return event_stream(request, poll)


def _fresh(session: Session, trial: PlaygroundTrial) -> TrialOut:
    session.flush()
    session.refresh(trial)
    batches = list(queries.batches(session, trial.id))
    for batch in batches:
        session.refresh(batch)
    return TrialOut.of(trial, batches)


def _outputs(session: Session, trial: PlaygroundTrial, batches: list[ModelBatch]) -> list[TriedOut]:
    places = {batch.id: place for place, batch in enumerate(batches)}
    specs = [parse_spec(raw) for raw in trial.graders]
    found = retrieving.of_trial(session, trial.id)
    said = judging.said_of(judging.of_trial(session, trial.id), specs)
    return [
        TriedOut(
            variant=places[item.batch_id],
            example_id=item.example_id,
            revision=item.revision,
            state=item.state,
            text=item.answer,
            problem=item.reason,
            **{name: item.measured.get(name) for name in ("latency_ms", "input_tokens", "output_tokens", "cost")},
            grades=[
                GradeOut(grader=name, score=one.score, passed=one.passed, reason=one.reason)
                for name, one in grades(
                    item, content, specs, found.get(item.example_id), said.get(f"{item.batch_id}/{item.example_id}")
                )
            ],
            retrieved=[one.source for one in found[item.example_id]] if item.example_id in found else None,
        )
        for item, _example, content in queries.items(session, list(places))
    ]
