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
from app.evals.playground import pages, queries, service
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
    """At most; ``cost`` in dollars, null where no price is known."""

    calls: int
    input_tokens: int
    output_tokens: int
    cost: float | None
    example_ids: list[str]
    left_out: dict[str, int]


class GradeOut(BaseModel):
    grader: str
    score: float | None
    passed: bool | None
    reason: str


class TriedOut(BaseModel):
    """What one variant answered to one example; ``variant`` counts from 0."""

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


class TrialOut(BaseModel):
    id: str
    status: str
    progress: dict[str, int]
    error: str | None
    candidate_id: str
    variants: list[dict[str, Any]]
    cost: float | None
    budget: float | None
    created_at: datetime
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
    return EstimateOut(cost=found.dollars, example_ids=list(found.examples), **same)


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
    return TrialOut.of(trial, batches, _outputs(session, trial, batches))


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
        return changed if service.open_batches(batches) else [*changed, Event(f"{mark}:end", "end", told)]

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
                for name, one in grades(item, content, specs)
            ],
        )
        for item, _example, content in queries.items(session, list(places))
    ]
