"""Series of fine-tunes under ``/api/v1``: learning curves and sweeps."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import BaseModel
from sqlalchemy.orm import Session
from starlette.responses import StreamingResponse

from app.accounts.access import identify
from app.core.db import transaction
from app.finetunes.series import queries, results, service
from app.finetunes.series.forms import NewSeries
from app.finetunes.series.models import FineTuneSeries
from app.finetunes.series.results import Member
from app.projects.access import Engineer, Viewer
from app.web.idempotency import api_router
from app.web.paging import MAX_LIMIT, ListAnswer
from app.web.session import SessionDep
from app.web.sse import Event, event_stream

router = api_router("fine-tunes")
BASE = "/projects/{slug}/fine-tune-series"
ONE = BASE + "/{series_id}"


class MemberOut(BaseModel):
    """``differs``: what sets it apart. ``rate``: share of the development examples that pass, with its interval."""

    fine_tune_id: str
    number: int
    status: str
    differs: dict[str, Any]
    examples: int
    valid_loss: float | None
    rate: float | None
    interval: list[float | None] | None
    n: int
    cost: float | None
    problem: str | None

    @classmethod
    def of(cls, one: Member) -> "MemberOut":
        rate = one.result.rate if one.result else None
        return cls(
            fine_tune_id=one.tune.id,
            number=one.tune.number,
            status=one.tune.status,
            differs=one.differs,
            examples=one.examples,
            valid_loss=one.loss,
            rate=rate.value if rate else None,
            interval=[rate.low, rate.high] if rate else None,
            n=rate.n if rate else 0,
            cost=one.tune.cost,
            problem=one.row.problem,
        )


class SeriesOut(BaseModel):
    """``outlook`` of a learning curve: ``likely``, ``little``, ``worse``, ``cannot_tell`` or ``unknown``, in words in
    ``sentence``. ``best`` of a sweep: a fine-tune's id."""

    id: str
    number: int
    status: str
    progress: dict[str, int]
    error: str | None
    purpose: str
    dataset_version_id: str
    development_version_id: str
    budget: float | None
    created_at: datetime
    fine_tunes: list[MemberOut]
    best: str | None
    outlook: str | None
    sentence: str | None
    difference: float | None
    interval: list[float | None] | None

    @classmethod
    def of(cls, session: Session, found: FineTuneSeries) -> "SeriesOut":
        shown = results.of(session, found)
        names = ("id", "number", "purpose", "dataset_version_id", "development_version_id", "budget", "created_at")
        outlook = shown.outlook
        difference = outlook.difference if outlook else None
        done = sum(not one.live for one in shown.members)
        return cls(
            **{name: getattr(found, name) for name in names},
            status="running" if shown.live else "cancelled" if found.stopped else "succeeded",
            progress={"done": done, "total": len(shown.members)},
            error=found.stopped,
            fine_tunes=[MemberOut.of(one) for one in shown.members],
            best=shown.best,
            outlook=outlook.word if outlook else None,
            sentence=outlook.sentence if outlook else None,
            difference=difference.difference if difference else None,
            interval=[difference.low, difference.high] if difference else None,
        )


@router.post(BASE, status_code=202)
def start(session: SessionDep, access: Engineer, new: NewSeries) -> SeriesOut:
    """A learning curve (``shares``) or a sweep (``grid``): the version is divided, and what is held back measures."""
    return _fresh(session, service.start(session, access, new))


@router.get(BASE)
def list_series(
    session: SessionDep,
    access: Viewer,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 50,
) -> ListAnswer[SeriesOut]:
    found = queries.listed(session, access.project.id, cursor, limit)
    return ListAnswer(items=[SeriesOut.of(session, one) for one in found.items], next_cursor=found.next_cursor)


@router.get(ONE)
def get_series(session: SessionDep, access: Viewer, series_id: str) -> SeriesOut:
    return SeriesOut.of(session, queries.series(session, access.project.id, series_id))


@router.post(ONE + "/cancel", status_code=202)
def cancel(session: SessionDep, access: Engineer, series_id: str) -> SeriesOut:
    found = queries.series(session, access.project.id, series_id, lock=True)
    service.cancel(session, access, found)
    return _fresh(session, found)


@router.get(ONE + "/events")
def events(request: Request, access: Viewer, series_id: str) -> StreamingResponse:
    """Server-sent: ``progress`` when anything changes, ``end``."""
    project_id = access.project.id

    def poll(last: str | None) -> list[Event]:
        with transaction() as session:
            identify(request, session)
            told = SeriesOut.of(session, queries.series(session, project_id, series_id)).model_dump(mode="json")
        states = ",".join(f"{one['status']}:{one['n']}" for one in told["fine_tunes"])
        changed = [Event(states, "progress", told)] if states != last else []
        return changed if told["status"] == "running" else [*changed, Event(f"{states};end", "end", told)]

    return event_stream(request, poll)


def _fresh(session: Session, found: FineTuneSeries) -> SeriesOut:
    session.flush()
    session.refresh(found)
    return SeriesOut.of(session, found)
