"""What may be asked of eval runs and graders."""

from typing import Any, Literal

from pydantic import Field, model_validator

from app.web.forms import StrictModel
from app.web.paging import MAX_LIMIT

MAX_CONCURRENCY = 256
Reuse = Literal["no", "temperature_0", "any"]


class NewRun(StrictModel):
    """``graders``: grader objects, or names of saved graders. ``budget``: dollars that the run may spend at most.
    ``stream``: ask for answers in pieces, so that the time to the first token is measured.
    ``reuse_identical``: take over answers of this project's other runs to exactly the same requests, where the
    candidate's temperature is 0 (``temperature_0``) or also where it samples (``any``)."""

    candidate_id: str
    test_set_id: str
    graders: list[str | dict[str, Any]] = Field(min_length=1, max_length=20)
    concurrency: int = Field(8, ge=1, le=MAX_CONCURRENCY)
    repeats: int = Field(1, ge=1, le=20)
    budget: float | None = Field(None, gt=0, le=1_000_000)
    stream: bool = False
    reuse_identical: Reuse = "no"


class NewGrader(StrictModel):
    name: str = Field(min_length=1, max_length=200)
    definition: dict[str, Any]
    metric: str | None = None
    pass_threshold: float | None = Field(None, ge=0, le=1)


class TrySamples(StrictModel):
    """Up to five outputs to try a grader on: ``{"item": {…}, "output": "…", "tool_calls": […]?}``."""

    samples: list[dict[str, Any]] = Field(min_length=1, max_length=5)


class Regrade(StrictModel):
    graders: list[str | dict[str, Any]] = Field(min_length=1, max_length=20)


class Retry(StrictModel):
    only: Literal["failed"] = "failed"


class Resume(StrictModel):
    """``budget``: the new limit in dollars, where the old one stopped the run."""

    budget: float | None = Field(None, gt=0, le=1_000_000)


class UnknownDecision(StrictModel):
    action: Literal["accept", "resend"]


class OutputFilter(StrictModel):
    """Which outputs of a run: ``outcome`` by its grades, ``status`` by how it came back."""

    outcome: Literal["passed", "failed", "not_graded"] | None = None
    status: Literal["complete", "truncated", "failed"] | None = None
    behavior: Literal["answer", "refuse", "clarify", "escalate"] | None = None
    tag: str | None = Field(None, max_length=200)
    limit: int = Field(50, ge=1, le=MAX_LIMIT)
    cursor: str | None = None


class UploadedOutput(StrictModel):
    """One line of ``outputs``: the case by id or by its input, and another system's answer: text, calls or both, or the
    error that came instead. A ``finish_reason`` of ``length`` says that the answer was cut short."""

    case_id: str | None = None
    input: str | None = None
    output: str | None = None
    tool_calls: list[dict[str, Any]] | None = Field(None, max_length=200)
    latency_ms: float | None = Field(None, ge=0)
    usage: dict[str, Any] | None = None
    model: str | None = Field(None, max_length=200)
    finish_reason: str | None = Field(None, max_length=50)
    error: str | None = Field(None, max_length=2_000)

    @model_validator(mode="after")
    def _answered(self) -> "UploadedOutput":
        if self.output is None and self.tool_calls is None and not self.error:
            raise ValueError("a line needs output or tool_calls, or the error that came instead")
        return self

    @property
    def status(self) -> str:
        """As an output's: ``failed`` and ``truncated`` ones count as not passed."""
        if self.error:
            return "failed"
        return "truncated" if self.finish_reason == "length" else "complete"
