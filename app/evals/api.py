"""Eval runs and graders under ``/api/v1``."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import BaseModel
from sqlalchemy.orm import Session
from starlette.responses import StreamingResponse

from app.accounts.access import identify
from app.core.db import transaction
from app.datasets.models import TestCase
from app.evals import blind, calls, estimates, grader_pages, queries, service, upload
from app.evals.forms import NewGrader, NewRun, OutputFilter, Regrade, Resume, Retry, TrySamples, UnknownDecision
from app.evals.graders import grade
from app.evals.models import EvalRun, Grade, Grader, Output
from app.evals.pages import shown_grades
from app.projects.access import Access, Engineer, Viewer
from app.web.forms import parse
from app.web.idempotency import api_router
from app.web.paging import MAX_LIMIT, ListAnswer
from app.web.session import SessionDep
from app.web.sse import Event, event_stream

router = api_router("evals")
RUNS = "/projects/{slug}/eval-runs"
GRADERS = "/projects/{slug}/graders"


class LevelOut(BaseModel):
    """Instruction following by ``prompt`` or by ``instruction``, in the ``strict`` or the ``loose`` form."""

    unit: str
    form: str
    value: float | None
    n: int
    interval: tuple[float | None, float | None] | None


class KindOut(BaseModel):
    """How often a kind of instruction was asked for and followed; repeats count by their share."""

    kind: str
    asked: int
    strict: float
    loose: float


class MetricOut(BaseModel):
    """``levels`` and ``kinds`` stand with instruction following alone; ``value`` is that by prompt, strict."""

    key: str
    value: float | None
    n: int
    interval: tuple[float | None, float | None] | None = None
    unit: str = "share"
    higher_is_better: bool = True
    levels: list[LevelOut] | None = None
    kinds: list[KindOut] | None = None


class PartOut(BaseModel):
    """Share of the cases with a tag, or that expect a behaviour (``by``), that passed the set's main measure."""

    by: str
    name: str
    value: float | None
    n: int
    interval: tuple[float, float] | None


class UnstableOut(BaseModel):
    case_id: str
    passed: float


class StabilityOut(BaseModel):
    """Share of cases whose repeats all agree. ``unstable``: the first hundred of the ``count`` others."""

    value: float | None
    n: int
    interval: tuple[float, float] | None
    repeats: int
    count: int
    unstable: list[UnstableOut]


class RunOut(BaseModel):
    """``parts``, the lowest rate first; ``stability`` only where cases were asked more than once."""

    id: str
    number: int
    status: str
    progress: dict[str, int]
    error: str | None
    candidate_id: str
    test_set_id: str
    graders: list[dict[str, Any]]
    metrics: list[MetricOut]
    parts: list[PartOut]
    stability: StabilityOut | None
    manifest: dict[str, Any] | None
    manifest_hash: str | None
    cost: float | None
    failed: int
    judge_done: int
    judge_total: int
    judge_failed: int
    judge_cost: float | None
    unknown_calls: dict[str, float]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, session: Session, run: EvalRun) -> "RunOut":
        unknown = calls.unknown(session, run.id)
        names = set(cls.model_fields) - {"progress", "metrics", "unknown_calls", "parts", "stability"}
        breakdown = run.breakdown or {}
        return cls(
            **{name: getattr(run, name) for name in names},
            progress={"done": run.done, "total": run.total},
            metrics=[MetricOut.model_validate(metric) for metric in run.metrics or []],
            parts=[PartOut.model_validate(part) for part in breakdown.get("parts", ())],
            stability=breakdown.get("stability"),
            unknown_calls={"count": unknown.count, "cost_estimate": unknown.cost_estimate},
        )


class JudgeCostOut(BaseModel):
    grader: str
    model: str
    calls: int
    cost: float | None


class EstimateOut(BaseModel):
    """Dollars at most; null where a price is not known. ``cost`` is ``candidate_cost`` and all of ``judges``."""

    calls: int
    candidate_cost: float | None
    judges: list[JudgeCostOut]
    cost: float | None

    @classmethod
    def of(cls, found: estimates.Estimate) -> "EstimateOut":
        judges = [JudgeCostOut.model_validate(one, from_attributes=True) for one in found.judges]
        return cls(calls=found.calls, candidate_cost=found.candidate_cost, judges=judges, cost=found.cost)


class GradeOut(BaseModel):
    grader: str
    metric: str
    score: float | None
    passed: bool | None
    reason: str
    detail: dict[str, Any]


class OutputOut(BaseModel):
    id: str
    case_id: str
    repeat: int
    status: str
    text: str | None
    tool_calls: list[Any] | None
    finish_reason: str | None
    model_returned: str | None
    input_tokens: int | None
    output_tokens: int | None
    latency_ms: float | None
    cost: float | None
    error: str | None
    messages: list[dict[str, Any]]
    expected: dict[str, Any]
    behavior: str | None
    tags: list[str]
    grades: list[GradeOut]

    @classmethod
    def of(cls, case: TestCase, output: Output, grades: list[Grade]) -> "OutputOut":
        of_case = {name: getattr(case, name) for name in ("messages", "expected", "behavior", "tags")}
        names = set(cls.model_fields) - set(of_case) - {"grades"}
        given = [GradeOut.model_validate(g, from_attributes=True) for g in grades]
        return cls(**{name: getattr(output, name) for name in names}, **of_case, grades=given)


class GraderOut(BaseModel):
    id: str
    name: str
    version: int
    definition: dict[str, Any]
    metric: str
    pass_threshold: float | None

    @classmethod
    def of(cls, row: Grader) -> "GraderOut":
        return cls.model_validate(row, from_attributes=True)


Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]


@router.get(RUNS)
def list_runs(session: SessionDep, access: Viewer, cursor: str | None = None, limit: Limit = 50) -> ListAnswer[RunOut]:
    found = queries.runs(session, access.project.id, access.user.id, cursor=cursor, limit=limit)
    return ListAnswer(items=[RunOut.of(session, row[0]) for row in found.items], next_cursor=found.next_cursor)


@router.post(RUNS, status_code=202, openapi_extra=upload.OPENAPI)
async def start(request: Request, session: SessionDep, access: Engineer) -> RunOut:
    """JSON starts a run; multipart (``test_set_id``, ``graders``, ``candidate_name``, ``outputs``) grades outputs
    that were made elsewhere."""
    if request.headers.get("content-type", "").startswith("multipart/"):
        run = await upload.from_request(request, session, access)
    else:
        run = service.start(session, access, parse(NewRun, await upload.json_body(request)))
    session.refresh(run)
    return RunOut.of(session, run)


@router.post(RUNS + "/estimate")
def estimated(session: SessionDep, access: Engineer, new: NewRun) -> EstimateOut:
    """What a run would cost at most, before it is started: the candidate's calls, and those of each judge."""
    return EstimateOut.of(estimates.estimate(session, access, new))


@router.get(RUNS + "/{run_id}")
def get_run(session: SessionDep, access: Viewer, run_id: str) -> RunOut:
    return RunOut.of(session, _run(session, access, run_id))


@router.get(RUNS + "/{run_id}/manifest")
def manifest(session: SessionDep, access: Viewer, run_id: str) -> dict[str, Any]:
    run = _run(session, access, run_id)
    return {"manifest": run.manifest, "sha256": run.manifest_hash}


@router.get(RUNS + "/{run_id}/outputs")
def list_outputs(
    session: SessionDep,
    access: Viewer,
    run_id: str,
    wanted: Annotated[OutputFilter, Query()],
) -> ListAnswer[OutputOut]:
    run = _run(session, access, run_id)
    blind.saw_outputs(session, access.user.id, run.id)
    found = queries.outputs(session, run.id, wanted, cursor=wanted.cursor, limit=wanted.limit)
    grades = shown_grades(session, access, run, [output.id for _case, output in found.items])
    items = [OutputOut.of(case, output, grades[output.id]) for case, output in found.items]
    return ListAnswer(items=items, next_cursor=found.next_cursor)


@router.post(RUNS + "/{run_id}/cancel")
def cancel(session: SessionDep, access: Engineer, run_id: str) -> RunOut:
    return RunOut.of(session, service.cancel(session, access, _run(session, access, run_id)))


@router.post(RUNS + "/{run_id}/resume", status_code=202)
def resume(session: SessionDep, access: Engineer, run_id: str, how: Resume | None = None) -> RunOut:
    budget = how.budget if how else None
    return RunOut.of(session, service.resume(session, access, _run(session, access, run_id), budget))


@router.post(RUNS + "/{run_id}/retry", status_code=202)
def retry(session: SessionDep, access: Engineer, run_id: str, _which: Retry | None = None) -> RunOut:
    return RunOut.of(session, service.retry_failed(session, access, _run(session, access, run_id)))


@router.post(RUNS + "/{run_id}/unknown-calls", status_code=202)
def unknown_calls(session: SessionDep, access: Engineer, run_id: str, decision: UnknownDecision) -> RunOut:
    run = _run(session, access, run_id)
    return RunOut.of(session, service.decide_unknown(session, access, run, decision.action))


@router.post(RUNS + "/{run_id}/grades", status_code=202)
def regrade(session: SessionDep, access: Engineer, run_id: str, wanted: Regrade) -> RunOut:
    run = _run(session, access, run_id)
    return RunOut.of(session, service.regrade(session, access, run, wanted.graders))


@router.get(RUNS + "/{run_id}/events")
def events(request: Request, session: SessionDep, access: Viewer, run_id: str) -> StreamingResponse:
    """``progress`` whenever the counts change, ``end`` when the run has ended."""
    _run(session, access, run_id)
    return event_stream(request, lambda last: poll(request, access, run_id, last))


def poll(request: Request, access: Access, run_id: str, last: str | None) -> list[Event]:
    with transaction() as session:
        identify(request, session)  # a revoked session or token ends the stream
        run = _run(session, access, run_id)
        names = ("status", "done", "total", "failed", "judge_done", "judge_total", "judge_failed", "cost")
        data = {name: getattr(run, name) for name in names}
    mark = f"{run.status}-{run.done}-{run.failed}-{run.judge_done}"
    found = [] if mark == last else [Event(mark, "progress", data)]
    if run.status in (*service.ENDED, "needs_decision"):
        found.append(Event(mark, "end", data))
    return found


@router.get(GRADERS)
def list_graders(session: SessionDep, access: Viewer) -> ListAnswer[GraderOut]:
    return ListAnswer(items=[GraderOut.of(row) for row in queries.saved_graders(session, access.project.id)])


@router.post(GRADERS, status_code=201)
def save_grader(session: SessionDep, access: Engineer, new: NewGrader) -> GraderOut:
    return GraderOut.of(service.save_grader(session, access, new))


@router.get(GRADERS + "/{grader_id}")
def get_grader(session: SessionDep, access: Viewer, grader_id: str) -> GraderOut:
    return GraderOut.of(queries.grader(session, access.project.id, grader_id))


class VersionOut(BaseModel):
    """``changes``: field, value before, value now, against the version before; null for the first."""

    id: str
    version: int
    created_at: datetime
    changes: list[tuple[str, str | None, str | None]] | None


@router.get(GRADERS + "/{grader_id}/versions")
def grader_versions(session: SessionDep, access: Viewer, grader_id: str) -> ListAnswer[VersionOut]:
    rows = grader_pages.version_rows(session, queries.grader(session, access.project.id, grader_id))
    return ListAnswer(items=[_version(row) for row in rows])


def _version(row: grader_pages.VersionRow) -> VersionOut:
    told = None if row.changes is None else [(one.field, one.before, one.after) for one in row.changes]
    return VersionOut(id=row.id, version=row.version, created_at=row.saved_at, changes=told)


@router.post(GRADERS + "/{grader_id}/try")
def try_grader(session: SessionDep, access: Engineer, grader_id: str, tried: TrySamples) -> list[GradeOut]:
    spec = service.spec_of(queries.grader(session, access.project.id, grader_id))
    return [_tried(spec.name, spec.metric, grade(spec, *upload.sample(one))) for one in tried.samples]


def _tried(name: str, metric: str, given: Any) -> GradeOut:
    told = {field: getattr(given, field) for field in ("score", "passed", "reason", "detail")}
    return GradeOut(grader=name, metric=metric, **told)


def _run(session: Session, access: Access, run_id: str) -> EvalRun:
    return queries.run(session, access.project.id, run_id, access.user.id)
