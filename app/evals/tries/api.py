"""Tries of graders under ``/api/v1``."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from app.evals.tries import queries, service
from app.evals.tries.forms import NewTry, UnknownDecision
from app.evals.tries.models import GraderTry
from app.projects.access import Engineer
from app.web.idempotency import api_router
from app.web.session import SessionDep

router = api_router("evals")
BASE = "/projects/{slug}/graders/tries"


class TriedOut(BaseModel):
    output_id: str
    score: float | None
    passed: bool | None
    reason: str
    detail: dict[str, Any]


class TryOut(BaseModel):
    """``estimate``: dollars that the ``calls`` to judges may cost at most, ``cost`` what they did; None is unknown.
    ``unknown_calls`` may have been billed without an answer, and wait for a decision."""

    id: str
    run_id: str
    status: str
    output_ids: list[str]
    grades: list[TriedOut]
    calls: int
    unknown_calls: int
    estimate: float | None
    cost: float | None
    error: str | None
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, session: SessionDep, row: GraderTry) -> "TryOut":
        values = {name: getattr(row, name) for name in set(cls.model_fields) - {"grades", "unknown_calls"}}
        values["unknown_calls"] = queries.unknown(session, row.id)[0]
        return cls(**values, grades=[TriedOut.model_validate(one) for one in row.results or []])


class NewTryIn(NewTry):
    """``agreed``: false has judges wait for ``POST …/asking``, so that ``estimate`` can be read first."""

    agreed: bool = True


@router.post(BASE, status_code=202)
def begin(session: SessionDep, access: Engineer, new: NewTryIn) -> TryOut:
    """Grades five outputs of a run, earlier passes and failures in turn, with a grader that need not be saved."""
    given = NewTry.model_validate(new.model_dump(exclude={"agreed"}))
    return _answer(session, service.begin(session, access, given, agreed=new.agreed))


@router.get(BASE + "/{try_id}")
def one(session: SessionDep, access: Engineer, try_id: str) -> TryOut:
    return TryOut.of(session, service.find(session, access, try_id))


@router.post(BASE + "/{try_id}/asking", status_code=202)
def ask(session: SessionDep, access: Engineer, try_id: str) -> TryOut:
    row = service.find(session, access, try_id)
    service.ask(session, access, row)
    return _answer(session, row)


@router.post(BASE + "/{try_id}/unknown-calls", status_code=202)
def decide_unknown(session: SessionDep, access: Engineer, try_id: str, decision: UnknownDecision) -> TryOut:
    row = service.find(session, access, try_id)
    service.decide_unknown(session, access, row, decision.action)
    return _answer(session, row)


def _answer(session: SessionDep, row: GraderTry) -> TryOut:
    session.flush()
    session.refresh(row)
    return TryOut.of(session, row)
