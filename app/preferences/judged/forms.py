"""How a judge of a round is asked for."""

from typing import Any

from pydantic import Field

from app.evals.graders.judging import Price
from app.web.forms import StrictModel


class NewJudge(StrictModel):
    model: str = Field(min_length=1, max_length=300)
    provider: str | None = Field(None, max_length=200, description="Id or name; needed where several list the model.")
    criteria: str | None = Field(None, max_length=20_000, description="Absent: the round's question and guideline.")
    price: Price | None = None
    sampling_params: dict[str, Any] | None = None
    budget: float | None = Field(None, gt=0, le=1_000_000, description="Dollars at most.")
