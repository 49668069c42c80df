"""What may be asked of a try."""

from typing import Any, Literal

from pydantic import Field

from app.web.forms import StrictModel

OUTPUTS = 5


class NewTry(StrictModel):
    """A grader as in ``NewGrader``, and the run whose outputs it is tried on. ``turn``: another number, other ones."""

    run_id: str
    name: str | None = Field(None, max_length=200)
    definition: dict[str, Any]
    metric: str | None = None
    pass_threshold: float | None = Field(None, ge=0, le=1)
    turn: int = Field(0, ge=0, le=1_000)


class UnknownDecision(StrictModel):
    action: Literal["accept", "resend"]
