"""The doctor under ``/api/v1``."""

from datetime import datetime

from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.core.errors import NotFound
from app.evals import blind
from app.finetunes import queries as tunes
from app.finetunes.doctor import pages, queries, service
from app.finetunes.doctor.findings import MODES, headline
from app.finetunes.doctor.models import Examination
from app.finetunes.doctor.packing import unpacked
from app.finetunes.models import FineTune
from app.projects.access import Engineer, Viewer
from app.web.idempotency import api_router
from app.web.session import SessionDep

router = api_router("fine-tunes")
ONE = "/projects/{slug}/fine-tunes/{fine_tune_id}/doctor"


class MeasureOut(BaseModel):
    """``interval`` is the 95 % one; a mode is judged on all of it against ``bound``."""

    label: str
    value: float | None
    interval: tuple[float | None, float | None]
    n: int
    unit: str
    bound: float | None
    why: str


class EvidenceOut(BaseModel):
    case_id: str
    output_id: str
    words: str
    spans: list[tuple[int, int]]
    example_ids: list[str]
    passage_id: str | None


class FindingOut(BaseModel):
    mode: str
    state: str
    sentence: str
    missing: str
    measures: list[MeasureOut]
    evidence: list[EvidenceOut]
    beside: list[str]
    training_example_ids: list[str]


class ExaminationOut(BaseModel):
    """``stale``: newer runs, documents or rules have come since; ``rests_on``: the runs that were read."""

    id: str
    fine_tune_id: str
    status: str
    progress: dict[str, int]
    error: str | None
    headline: str | None
    findings: list[FindingOut]
    rests_on: list[dict[str, str]]
    stale: bool
    created_at: datetime
    finished_at: datetime | None


@router.get(ONE)
def get(session: SessionDep, access: Viewer, fine_tune_id: str) -> ExaminationOut:
    """The latest examination; 404 before the first."""
    fine_tune = tunes.fine_tune(session, access.project.id, fine_tune_id)
    row = queries.latest(session, fine_tune.id)
    if row is None:
        raise NotFound("An examination of this fine-tune")
    for run_id in pages.run_ids(row):
        blind.refuse_if_blind(session, access.user.id, run_id)
    return _answer(session, fine_tune, row)


@router.post(ONE, status_code=202)
def examine(session: SessionDep, access: Engineer, fine_tune_id: str) -> ExaminationOut:
    """Examine again; the one under way where there is one. 409 before there is a tuned candidate."""
    fine_tune = tunes.fine_tune(session, access.project.id, fine_tune_id)
    row = service.begin(session, access, fine_tune)
    session.flush()
    session.refresh(row)
    return _answer(session, fine_tune, row)


def _answer(session: Session, fine_tune: FineTune, row: Examination) -> ExaminationOut:
    findings = unpacked(row.findings or [])
    done = len(MODES) if row.status == "succeeded" else 0
    return ExaminationOut(
        id=row.id,
        fine_tune_id=row.fine_tune_id,
        status=row.status,
        progress={"done": done, "total": len(MODES)},
        error=row.error,
        headline=headline(findings) if row.findings is not None else None,
        findings=[
            FindingOut(
                mode=one.mode,
                state=one.state,
                sentence=one.sentence,
                missing=one.missing,
                measures=[
                    MeasureOut(
                        label=m.label,
                        value=m.value,
                        interval=(m.low, m.high),
                        n=m.n,
                        unit=m.unit,
                        bound=m.bound,
                        why=m.why,
                    )
                    for m in one.measures
                ],
                evidence=[
                    EvidenceOut(
                        case_id=r.case_id,
                        output_id=r.output_id,
                        words=r.words,
                        spans=list(r.spans),
                        example_ids=list(r.examples),
                        passage_id=r.passage_id,
                    )
                    for r in one.rows
                ],
                beside=list(one.beside),
                training_example_ids=list(one.training),
            )
            for one in findings
        ],
        rests_on=row.basis,
        stale=row.status == "succeeded" and service.is_stale(session, fine_tune, row),
        created_at=row.created_at,
        finished_at=row.finished_at,
    )
