"""Eval runs: every output of a candidate on a sealed set, every grade, and the metrics made of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Float,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Numeric,
    UniqueConstraint,
    false,
    func,
)
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id

RUN_STATUSES = ("queued", "running", "paused", "needs_decision", "succeeded", "failed", "cancelled")
LIVE = ("queued", "running")


class Grader(Base):
    """A saved grader; a change is a new row with the next ``version``."""

    __tablename__ = "graders"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    name: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    definition: Mapped[dict[str, Any]]
    metric: Mapped[str]
    pass_threshold: Mapped[float | None]
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (UniqueConstraint("project_id", "name", "version"),)


class EvalRun(Base):
    """One candidate over one sealed set. ``manifest`` names everything that made its scores."""

    __tablename__ = "eval_runs"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(BigInteger, Identity(), unique=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    candidate_id: Mapped[str] = mapped_column(ForeignKey("candidates.id"), index=True)
    test_set_id: Mapped[str] = mapped_column(ForeignKey("test_sets.id"), index=True)
    status: Mapped[str] = mapped_column(default="queued")
    graders: Mapped[list[Any]]  # snapshot: [{"name", "definition", "metric", "pass_threshold", "version"}]
    concurrency: Mapped[int] = mapped_column(default=8)
    repeats: Mapped[int] = mapped_column(default=1)
    # answers come in pieces: ``first_token_ms`` of its outputs
    stream: Mapped[bool] = mapped_column(default=False, server_default=false())
    # answers of other runs to the same requests are taken over: no | temperature_0 (where nothing is sampled) | any
    reuse_identical: Mapped[str] = mapped_column(default="no", server_default="no")
    budget: Mapped[float | None] = mapped_column(Numeric(14, 6, asdecimal=False))
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    cost: Mapped[float | None] = mapped_column(Numeric(14, 8, asdecimal=False))
    judge_total: Mapped[int] = mapped_column(default=0, server_default="0")  # judgements wanted, had, without verdict
    judge_done: Mapped[int] = mapped_column(default=0, server_default="0")
    judge_failed: Mapped[int] = mapped_column(default=0, server_default="0")
    judge_cost: Mapped[float | None] = mapped_column(Numeric(14, 8, asdecimal=False))  # part of ``cost``
    manifest: Mapped[dict[str, Any] | None]
    manifest_hash: Mapped[str | None]
    metrics: Mapped[list[Any] | None]
    breakdown: Mapped[dict[str, Any] | None]  # parts of the cases and stability: ``breakdown.as_json``
    error: Mapped[str | None]
    lease: Mapped[int] = mapped_column(default=0)  # fencing: each start of the runner takes the next number
    lease_expires_at: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(
            "status in ('queued', 'running', 'paused', 'needs_decision', 'succeeded', 'failed', 'cancelled')",
            name="status",
        ),
        CheckConstraint("reuse_identical in ('no', 'temperature_0', 'any')", name="reuse_identical"),
        Index("ix_eval_runs_project_id_id", "project_id", "id"),
    )


class Output(Base):
    """What came back for one case. Only ``complete`` outputs are scored; the others count as not passed.

    ``reused_from``: the output of another run that this is a copy of, since the request was the same; that one was
    asked for. A copy has no call, costs nothing and has no latency.
    """

    __tablename__ = "outputs"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    run_id: Mapped[str] = mapped_column(ForeignKey("eval_runs.id", ondelete="CASCADE"))
    case_id: Mapped[str] = mapped_column(ForeignKey("test_cases.id"), index=True)
    repeat: Mapped[int] = mapped_column(default=0)
    call_id: Mapped[str | None] = mapped_column(Id)
    status: Mapped[str]  # complete | truncated | failed
    text: Mapped[str | None]
    tool_calls: Mapped[list[Any] | None]
    finish_reason: Mapped[str | None]
    model_returned: Mapped[str | None]
    input_tokens: Mapped[int | None]
    output_tokens: Mapped[int | None]
    latency_ms: Mapped[float | None]
    first_token_ms: Mapped[float | None]  # until the first token came, of a streamed answer
    cost: Mapped[float | None] = mapped_column(Numeric(14, 8, asdecimal=False))
    error: Mapped[str | None]
    request_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)  # of provider and request (asking.request_digest)
    reused_from: Mapped[str | None] = mapped_column(Id)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint("status in ('complete', 'truncated', 'failed')", name="status"),
        UniqueConstraint("run_id", "case_id", "repeat"),
        Index(
            "ix_outputs_request_sha256",
            "request_sha256",
            postgresql_where=sql("status = 'complete' and reused_from is null"),
        ),
    )


class Grade(Base):
    __tablename__ = "grades"
    output_id: Mapped[str] = mapped_column(ForeignKey("outputs.id", ondelete="CASCADE"), primary_key=True)
    grader: Mapped[str] = mapped_column(primary_key=True)  # name in the run's snapshot
    metric: Mapped[str]
    score: Mapped[float | None]
    passed: Mapped[bool | None]
    reason: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Retrieval(Base):
    """What a case's request was answered from: ``passage_ids`` with their ``scores``, the best first. Passages never
    change, so that their texts can be read again; the search took ``milliseconds``, which are no part of latency."""

    __tablename__ = "retrievals"
    run_id: Mapped[str] = mapped_column(ForeignKey("eval_runs.id", ondelete="CASCADE"), primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("test_cases.id"), primary_key=True, index=True)
    passage_ids: Mapped[list[str]] = mapped_column(ARRAY(Id))
    scores: Mapped[list[float]] = mapped_column(ARRAY(Float))
    milliseconds: Mapped[float]


class RunReuse(Base):
    """So many outputs of a run are copies of outputs of ``source_run_id``, of the same project."""

    __tablename__ = "run_reuses"
    run_id: Mapped[str] = mapped_column(ForeignKey("eval_runs.id", ondelete="CASCADE"), primary_key=True)
    source_run_id: Mapped[str] = mapped_column(
        ForeignKey("eval_runs.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    outputs: Mapped[int]


class RunView(Base):
    """Who has opened a run's outputs: they know whose is whose, so they cannot vote on them."""

    __tablename__ = "run_views"
    run_id: Mapped[str] = mapped_column(ForeignKey("eval_runs.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class RunBlind(Base):
    """This person votes on this run's outputs in an open round: to them the run does not exist until the close."""

    __tablename__ = "run_blinds"
    run_id: Mapped[str] = mapped_column(ForeignKey("eval_runs.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    round_id: Mapped[str] = mapped_column(Id, primary_key=True)
