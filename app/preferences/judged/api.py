"""Judges beside people under ``/api/v1``."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from app.preferences.judged import findings, queries, service
from app.preferences.judged.access import round_beside
from app.preferences.judged.forms import NewJudge
from app.preferences.judged.models import RoundJudge
from app.preferences.models import PreferenceRound
from app.projects.access import Engineer, Viewer
from app.web.idempotency import api_router
from app.web.paging import ListAnswer
from app.web.session import SessionDep

router = api_router("preferences")
BASE = "/projects/{slug}/preference-rounds/{round_id}/judges"


class JudgeOut(BaseModel):
    """``results`` only after the close, and when the judge has ended."""

    id: str
    model: str
    status: str
    progress: dict[str, int]
    failed: int
    cost: float | None
    estimate: float | None
    error: str | None
    created_at: datetime
    results: dict[str, Any] | None


def _out(session: SessionDep, round_: PreferenceRound, judge: RoundJudge) -> JudgeOut:
    shown = round_.closed_at is not None and judge.status not in service.LIVE
    return JudgeOut(
        id=judge.id,
        model=judge.grader["definition"]["model"],
        status=judge.status,
        progress={"done": judge.done, "total": judge.total},
        failed=judge.failed,
        cost=judge.cost,
        estimate=judge.estimate,
        error=judge.error,
        created_at=judge.created_at,
        results=findings.as_json(findings.of_closed(session, round_, judge)) if shown else None,
    )


@router.get(BASE)
def list_judges(session: SessionDep, access: Viewer, round_id: str) -> ListAnswer[JudgeOut]:
    round_ = round_beside(session, access, round_id)
    return ListAnswer(items=[_out(session, round_, one) for one in queries.judges(session, round_.id)])


@router.post(BASE, status_code=202)
def start(session: SessionDep, access: Engineer, round_id: str, new: NewJudge) -> JudgeOut:
    round_ = round_beside(session, access, round_id)
    return _out(session, round_, service.start(session, access, round_, new))


@router.get(BASE + "/{judge_id}")
def get_judge(session: SessionDep, access: Viewer, round_id: str, judge_id: str) -> JudgeOut:
    round_ = round_beside(session, access, round_id)
    return _out(session, round_, queries.judge(session, round_.id, judge_id))


@router.post(BASE + "/{judge_id}/cancel")
def cancel(session: SessionDep, access: Engineer, round_id: str, judge_id: str) -> JudgeOut:
    round_ = round_beside(session, access, round_id)
    judge = queries.judge(session, round_.id, judge_id)
    service.cancel(session, judge)
    return _out(session, round_, judge)


@router.post(BASE + "/{judge_id}/resume", status_code=202)
def resume(session: SessionDep, access: Engineer, round_id: str, judge_id: str) -> JudgeOut:
    round_ = round_beside(session, access, round_id)
    judge = queries.judge(session, round_.id, judge_id)
    service.resume(session, judge)
    return _out(session, round_, judge)
