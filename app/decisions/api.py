"""Gates and verdicts under ``/api/v1``."""

from typing import Annotated

from fastapi import Query

from app.comparisons.forms import Wanted
from app.decisions import plan_pages, queries, service
from app.decisions.answers import GatesOut, PlanOut, VerdictNowOut, VerdictOut
from app.decisions.forms import NewGates, NewSignOff, Planned
from app.projects.access import Engineer, Signer, Viewer
from app.web.idempotency import api_router
from app.web.paging import MAX_LIMIT, ListAnswer
from app.web.session import SessionDep

router = api_router("decisions")
BASE = "/projects/{slug}"


@router.get(BASE + "/gates")
def get_gates(session: SessionDep, access: Viewer) -> GatesOut:
    return GatesOut.of(service.gates_of(session, access.project.id))


@router.put(BASE + "/gates")
def put_gates(session: SessionDep, access: Engineer, new: NewGates) -> GatesOut:
    """The next version of the gates; earlier ones stay on record, with who set them and when."""
    return GatesOut.of_row(service.set_gates(session, access, new))


@router.get(BASE + "/verdict")
def verdict_now(session: SessionDep, access: Viewer, wanted: Annotated[Wanted, Query()]) -> VerdictNowOut:
    """The verdict as it stands now. 409 where a side has no complete run: ``detail`` says what to measure first."""
    return VerdictNowOut.of(service.decide(session, access, wanted))


@router.post(BASE + "/verdicts", status_code=201)
def sign(session: SessionDep, access: Signer, new: NewSignOff) -> VerdictOut:
    """Sign a decision. 409 where the evidence is not the one that ``evidence_hash`` names any more."""
    return VerdictOut.of(service.sign(session, access, new), access.user.name)


@router.get(BASE + "/verdicts")
def list_verdicts(
    session: SessionDep,
    access: Viewer,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 50,
) -> ListAnswer[VerdictOut]:
    found = queries.verdicts(session, access.project.id, access.user.id, cursor, limit)
    return ListAnswer(items=[VerdictOut.of(row, who) for row, who in found.items], next_cursor=found.next_cursor)


@router.get(BASE + "/verdicts/{verdict_id}")
def get_verdict(session: SessionDep, access: Viewer, verdict_id: str) -> VerdictOut:
    row, who = queries.verdict(session, access.project.id, access.user.id, verdict_id)
    return VerdictOut.of(row, who)


@router.get(BASE + "/plan")
def plan(access: Viewer, wanted: Annotated[Planned, Query()]) -> PlanOut:
    """Cases and votes needed to show a difference; null where no number within reason would."""
    return PlanOut.of(plan_pages.answer(wanted))
