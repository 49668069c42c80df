"""What may be asked of traffic."""

from datetime import date
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from app.web.forms import StrictModel

DAY = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]


class TrafficFilter(StrictModel):
    """``reference_until``: weeks up to that day are what later ones are held against; left out, the first four."""

    reference_until: DAY | None = None

    @field_validator("reference_until", mode="before")
    @classmethod
    def _left_empty(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("reference_until")
    @classmethod
    def _a_day(cls, value: str | None) -> str | None:
        if value is not None:
            date.fromisoformat(value)
        return value

    @property
    def until(self) -> date | None:
        return date.fromisoformat(self.reference_until) if self.reference_until else None


class NewSampling(StrictModel):
    """``sample_rate``: share of the completions that is put into review, 0 to 1."""

    sample_rate: float = Field(ge=0, le=1, allow_inf_nan=False)


class NewDraft(StrictModel):
    """A draft test set of examples that came from traffic."""

    name: str = Field(min_length=1, max_length=120)
    example_ids: list[str] = Field(min_length=1, max_length=500)

    @model_validator(mode="after")
    def _once(self) -> "NewDraft":
        self.example_ids = list(dict.fromkeys(self.example_ids))
        return self
