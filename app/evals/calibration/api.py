"""Calibration under ``/api/v1``."""

from datetime import datetime
from typing import Any

from fastapi import Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.evals.calibration import drawing, marking, pages, queries, service
from app.evals.calibration.forms import NewMark, NewSample
from app.evals.calibration.models import CalibrationSample
from app.projects.access import Annotator, Engineer, Viewer
from app.web.idempotency import api_router
from app.web.paging import ListAnswer
from app.web.session import SessionDep

router = api_router("calibration")
BASE = "/projects/{slug}/calibration"


class SampleOut(BaseModel):
    """``kappa`` is over outputs whose marks are only counted; ``can_gate`` is what gates go by."""

    id: str
    grader: str
    run_id: str
    choices: list[str]
    size: int
    created_at: datetime
    status: str
    why: str
    can_gate: bool
    kappa: float | None
    interval: tuple[float | None, float | None] | None
    n: int

    @classmethod
    def of(cls, session: Session, sample: CalibrationSample) -> "SampleOut":
        state = service.state(session, sample.project_id, pages.spec(session, sample))
        kappa = state.kappa
        return cls(
            **{name: getattr(sample, name) for name in ("id", "grader", "run_id", "choices", "created_at")},
            size=sum(queries.part_sizes(session, sample.id).values()),
            status=state.status,
            why=state.why,
            can_gate=state.can_gate,
            kappa=kappa.value if kappa else None,
            interval=(kappa.low, kappa.high) if kappa else None,
            n=kappa.n if kappa else 0,
        )


class ToMark(BaseModel):
    """An output to be marked; nothing in it says what a judge thinks."""

    output_id: str
    messages: list[dict[str, Any]]
    output: str | None
    choices: list[str]


@router.get(BASE)
def list_samples(session: SessionDep, access: Viewer) -> ListAnswer[SampleOut]:
    found = queries.listed(session, access.project.id, access.user.id)
    return ListAnswer(items=[SampleOut.of(session, row[0]) for row in found])


@router.post(BASE, status_code=201)
def draw(session: SessionDep, access: Engineer, new: NewSample) -> SampleOut:
    """Draw outputs of a run for people to mark; more of them where the run has a sample for this judge already."""
    sample = drawing.draw(session, access, new)
    session.flush()
    return SampleOut.of(session, sample)


@router.get(BASE + "/{sample_id}")
def get_sample(session: SessionDep, access: Viewer, sample_id: str) -> SampleOut:
    sample = marking.sample_of(session, access, sample_id)
    return SampleOut.of(session, sample)


@router.post(BASE + "/{sample_id}/next", responses={204: {"description": "Nothing is left to mark."}})
def next_output(session: SessionDep, access: Annotator, sample_id: str) -> Any:
    page = pages.mark_page(session, access, marking.sample_of(session, access, sample_id))
    if page.output is None:
        return Response(status_code=204)
    choices = [choice.value for choice in page.choices]
    return ToMark(output_id=page.output.id, messages=list(page.messages), output=page.output.text, choices=choices)


@router.post(BASE + "/{sample_id}/marks", status_code=204)
def mark(session: SessionDep, access: Annotator, sample_id: str, new: NewMark) -> Response:
    marking.mark(session, access, marking.sample_of(session, access, sample_id), new)
    return Response(status_code=204)
