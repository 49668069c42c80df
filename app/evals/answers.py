"""What the API answers about runs and their outputs."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.datasets.models import TestCase
from app.evals import calls, estimates, reuses
from app.evals.models import EvalRun, Grade, Output


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


class ReusedOut(BaseModel):
    """So many outputs are copies of answers that the run ``run_id`` got."""

    run_id: str
    number: int
    outputs: int


class RunOut(BaseModel):
    """``parts``, the lowest rate first; ``stability`` only where cases were asked more than once. ``reused``: whose
    answers were taken over; they cost nothing, and have no part in latency and cost per case."""

    id: str
    number: int
    status: str
    progress: dict[str, int]
    error: str | None
    candidate_id: str
    test_set_id: str
    stream: bool
    reuse_identical: str
    reused: list[ReusedOut]
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
        names = set(cls.model_fields) - {"progress", "metrics", "unknown_calls", "parts", "stability", "reused"}
        breakdown = run.breakdown or {}
        return cls(
            **{name: getattr(run, name) for name in names},
            progress={"done": run.done, "total": run.total},
            metrics=[MetricOut.model_validate(metric) for metric in run.metrics or []],
            parts=[PartOut.model_validate(part) for part in breakdown.get("parts", ())],
            stability=breakdown.get("stability"),
            reused=[ReusedOut.model_validate(one, from_attributes=True) for one in reuses.of_run(session, run)],
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
    """``reused_from``: the output of another run that this is a copy of."""

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
    first_token_ms: float | None
    cost: float | None
    reused_from: str | None
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
