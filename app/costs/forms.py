"""What may be asked of the costs, and what an engineer sets."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from app.comparisons.forms import Wanted
from app.web.forms import StrictModel

Part = Literal["data", "training", "evaluation", "monitoring"]
MONTH = r"^[0-9]{4}-(0[1-9]|1[0-2])$"


class CostFilter(Wanted):
    """``since`` and ``until``: the first and the last month (``2026-03``); ``part`` of the ledger. The rest names the
    comparison whose cost per success is told."""

    since: Annotated[str, Field(pattern=MONTH)] | None = None
    until: Annotated[str, Field(pattern=MONTH)] | None = None
    part: Part | None = None

    @field_validator("since", "until", "part", mode="before")
    @classmethod
    def _left_empty(cls, value: object) -> object:
        return None if value == "" else value


class NewBudget(StrictModel):
    """``monthly_limit``: dollars that paid calls may cost in a month, null for no limit, 0 for none at all.
    ``monthly_tasks``: tasks a month that are to be served, for the forecast."""

    monthly_limit: float | None = Field(None, ge=0, le=10_000_000, allow_inf_nan=False)
    monthly_tasks: int | None = Field(None, ge=1, le=1_000_000_000)
