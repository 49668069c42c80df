"""Candidates and the baseline under ``/api/v1``."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from app.candidates import queries, service
from app.candidates.forms import NewBaseline, NewCandidate
from app.candidates.models import Candidate
from app.projects.access import Engineer, Viewer
from app.web.idempotency import api_router
from app.web.paging import ListAnswer
from app.web.session import SessionDep

router = api_router("candidates")
BASE = "/projects/{slug}/candidates"


class CandidateOut(BaseModel):
    id: str
    name: str
    provider_id: str | None
    model: str
    system_prompt: str | None
    prompt_template: str | None
    parameters: dict[str, Any]
    price: dict[str, float] | None
    origin: str
    fine_tune_id: str | None
    is_baseline: bool
    created_at: datetime

    @classmethod
    def of(cls, candidate: Candidate, baseline: Candidate | None) -> "CandidateOut":
        fields = {name: getattr(candidate, name) for name in cls.model_fields if name != "is_baseline"}
        return cls(**fields, is_baseline=baseline is not None and baseline.id == candidate.id)


@router.get(BASE)
def list_candidates(session: SessionDep, access: Viewer) -> ListAnswer[CandidateOut]:
    baseline = queries.baseline(session, access.project.id)
    rows = queries.listed(session, access.project.id)
    return ListAnswer(items=[CandidateOut.of(candidate, baseline) for candidate, _provider in rows])


@router.post(BASE, status_code=201)
def create(session: SessionDep, access: Engineer, new: NewCandidate) -> CandidateOut:
    candidate = service.create(session, access, new)
    session.refresh(candidate)
    return CandidateOut.of(candidate, queries.baseline(session, access.project.id))


@router.get(BASE + "/{candidate_id}")
def get(session: SessionDep, access: Viewer, candidate_id: str) -> CandidateOut:
    candidate = queries.get(session, access.project.id, candidate_id)
    return CandidateOut.of(candidate, queries.baseline(session, access.project.id))


@router.put("/projects/{slug}/baseline")
def set_baseline(session: SessionDep, access: Engineer, new: NewBaseline) -> CandidateOut:
    candidate = service.set_baseline(session, access, new.candidate_id)
    return CandidateOut.of(candidate, candidate)
