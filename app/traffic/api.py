"""Traffic under ``/api/v1``."""

from datetime import date
from typing import Annotated, Any

from fastapi import Query, Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from app.core.db import transaction
from app.core.errors import Invalid, TooLarge
from app.projects.access import Access, Engineer, Viewer
from app.traffic import drift, queries, service
from app.traffic.drift import Series
from app.traffic.formats.body import MAX_BYTES, MAX_ROWS
from app.traffic.forms import NewSampling, TrafficFilter
from app.traffic.service import Taken
from app.web.idempotency import api_router
from app.web.session import SessionDep

router = api_router("traffic")
BASE = "/traffic/{slug}"
SHOWN = 100
KINDS = ("application/json", "application/x-ndjson", "application/jsonl", "application/octet-stream", "text/plain", "")
OPENAPI: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"type": ["object", "array"]}},
            "application/x-ndjson": {"schema": {"type": "string"}},
        },
    }
}


class RejectedRow(BaseModel):
    row: int
    reason: str


class TakenOut(BaseModel):
    """``stored`` of the ``received`` are new; ``sampled`` of those are put into review by the import ``import_id``.
    ``ignored``: spans that are no chat. ``partialSuccess``: the same as OTLP says it."""

    received: int
    stored: int
    duplicates: int
    sampled: int
    ignored: int
    rejected_count: int
    rejected: list[RejectedRow]
    import_id: str | None
    partialSuccess: dict[str, Any]

    @classmethod
    def of(cls, taken: Taken) -> "TakenOut":
        counts = {name: getattr(taken, name) for name in ("received", "stored", "duplicates", "sampled", "ignored")}
        first = f"Row {taken.rejected[0][0]}: {taken.rejected[0][1]}" if taken.rejected else ""
        rejected = [RejectedRow(row=row, reason=reason) for row, reason in taken.rejected[:SHOWN]]
        partial = {"rejectedSpans": len(taken.rejected), "errorMessage": first} if taken.rejected else {}
        return cls(
            **counts,
            rejected_count=len(taken.rejected),
            rejected=rejected,
            import_id=taken.import_id,
            partialSuccess=partial,
        )


class PointOut(BaseModel):
    """A week, by its Monday. ``drifted``: its interval and that of the reference do not touch."""

    week: date
    value: float | None
    interval: tuple[float | None, float | None]
    n: int
    drifted: bool


class SeriesOut(BaseModel):
    key: str
    reference: float | None
    reference_interval: tuple[float | None, float | None]
    weeks: list[PointOut]

    @classmethod
    def of(cls, one: Series) -> "SeriesOut":
        return cls(
            key=one.key,
            reference=one.reference.value,
            reference_interval=(one.reference.low, one.reference.high),
            weeks=[
                PointOut(
                    week=p.start,
                    value=p.estimate.value,
                    interval=(p.estimate.low, p.estimate.high),
                    n=p.estimate.n,
                    drifted=p.drifted,
                )
                for p in one.points
            ],
        )


class TrafficOut(BaseModel):
    received: int
    sampled: int
    sample_rate: float
    drift: list[SeriesOut]


@router.post(BASE, status_code=202, openapi_extra=OPENAPI)
async def take(request: Request, response: Response, session: SessionDep, access: Engineer) -> TakenOut:
    """Completions of production: OpenAI chat request and response pairs (an object, an array or lines of
    ``{"id", "request", "response"}``), or OTLP/HTTP JSON spans of the GenAI conventions, which are answered 200.

    Each counts once, by its id. Of each its length, behaviour and format are measured; a share is masked and put into
    review.
    """
    await run_in_threadpool(session.commit)  # a slow sender must not hold a transaction
    sent = await _read(request)
    taken = await run_in_threadpool(_take, access, sent)
    response.status_code = 200 if taken.otlp else 202
    return TakenOut.of(taken)


def _take(access: Access, sent: bytes) -> Taken:
    with transaction() as session:
        return service.take(session, access, sent)


async def _read(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind not in KINDS:
        raise Invalid(f"Send JSON or lines of JSON, not {kind[:60]}: OTLP exporters need the protocol http/json.")
    if request.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise Invalid("Send the body as it is, without compression.")
    sent = bytearray()
    async for part in request.stream():
        sent += part
        if len(sent) > MAX_BYTES:
            raise TooLarge(f"At most {MAX_BYTES // 1_000_000} MB and {MAX_ROWS:,} completions at a time.")
    return bytes(sent)


@router.get(BASE)
def get_traffic(session: SessionDep, access: Viewer, wanted: Annotated[TrafficFilter, Query()]) -> TrafficOut:
    """How much came in, and how it has changed by week against the reference."""
    weeks = queries.weeks(session, access.project.id)
    return TrafficOut(
        received=sum(week.n for week in weeks),
        sampled=queries.sampled(session, access.project.id),
        sample_rate=queries.sample_rate(session, access.project.id),
        drift=[SeriesOut.of(one) for one in drift.series(weeks, wanted.until)],
    )


@router.put(BASE + "/sampling")
def put_sampling(session: SessionDep, access: Engineer, new: NewSampling) -> NewSampling:
    """Which share of the completions is put into review, from now on."""
    service.set_sampling(session, access, new)
    return new
