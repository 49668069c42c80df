"""Candidates and the baseline under ``/api/v1``."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.candidates import previewing, queries, service
from app.candidates.few_shot import queries as few_shot
from app.candidates.few_shot.models import CandidateShot
from app.candidates.forms import NewBaseline, NewCandidate, Preview
from app.candidates.models import Candidate
from app.projects.access import Access, Engineer, Viewer
from app.web.idempotency import api_router
from app.web.paging import ListAnswer
from app.web.session import SessionDep

router = api_router("candidates")
BASE = "/projects/{slug}/candidates"


class ShotOut(BaseModel):
    """A worked example in the prompt: which one, in which revision."""

    example_id: str
    revision: int


class CandidateOut(BaseModel):
    id: str
    name: str
    provider_id: str | None
    model: str
    system_prompt: str | None
    prompt_template: str | None
    retrieval: dict[str, Any] | None  # with the state that it searches: as_of, snapshot_id, passages_sha256
    parameters: dict[str, Any]
    few_shot: list[ShotOut]
    price: dict[str, float] | None
    origin: str
    fine_tune_id: str | None
    is_baseline: bool
    created_at: datetime

    @classmethod
    def of(cls, candidate: Candidate, baseline: Candidate | None, shots: Sequence[CandidateShot]) -> "CandidateOut":
        names = set(cls.model_fields) - {"is_baseline", "few_shot"}
        return cls(
            **{name: getattr(candidate, name) for name in names},
            few_shot=[ShotOut(example_id=shot.example_id, revision=shot.revision) for shot in shots],
            is_baseline=baseline is not None and baseline.id == candidate.id,
        )


@router.get(BASE)
def list_candidates(session: SessionDep, access: Viewer) -> ListAnswer[CandidateOut]:
    baseline = queries.baseline(session, access.project.id)
    rows = queries.listed(session, access.project.id)
    shots = few_shot.by_candidate(session, [candidate.id for candidate, _provider in rows])
    return ListAnswer(items=[CandidateOut.of(one, baseline, shots[one.id]) for one, _provider in rows])


@router.post(BASE, status_code=201)
def create(session: SessionDep, access: Engineer, new: NewCandidate) -> CandidateOut:
    candidate = service.create(session, access, new)
    session.refresh(candidate)
    return told(session, access, candidate)


@router.get(BASE + "/{candidate_id}")
def get(session: SessionDep, access: Viewer, candidate_id: str) -> CandidateOut:
    candidate = queries.get(session, access.project.id, candidate_id)
    return told(session, access, candidate)


class PreviewOut(BaseModel):
    """``messages`` as they would be sent, with what was ``retrieved`` for them; null without retrieval. ``note``: where
    a run would search by meaning and this could not."""

    messages: list[dict[str, Any]]
    retrieved: list[dict[str, Any]] | None
    note: str


@router.post(BASE + "/{candidate_id}/preview")
def preview(session: SessionDep, access: Viewer, candidate_id: str, request: Preview) -> PreviewOut:
    """What the candidate would be sent for a request. Nothing is sent, and nothing is paid."""
    candidate = queries.get(session, access.project.id, candidate_id)
    sent = previewing.preview(session, candidate, request.request)
    found = None if sent.found is None else [one.source | {"score": one.score} for one in sent.found]
    return PreviewOut(messages=sent.messages, retrieved=found, note=sent.note)


@router.put("/projects/{slug}/baseline")
def set_baseline(session: SessionDep, access: Engineer, new: NewBaseline) -> CandidateOut:
    candidate = service.set_baseline(session, access, new.candidate_id)
    return told(session, access, candidate)


def told(session: Session, access: Access, candidate: Candidate) -> CandidateOut:
    shots = few_shot.of_candidate(session, candidate.id)
    return CandidateOut.of(candidate, queries.baseline(session, access.project.id), shots)
