"""What is asked of a model batch."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from app.examples.forms import SelectionFilter
from app.web.forms import StrictModel

MOST_EXAMPLES = 1_000
MOST_EACH = 10
Wish = Literal["wording", "tone", "length", "typos", "persona"]
Want = Literal["behavior", "label", "answer"]


class Price(StrictModel):
    """Dollars per million tokens."""

    input: float = Field(ge=0, le=10_000, allow_inf_nan=False)
    output: float = Field(ge=0, le=10_000, allow_inf_nan=False)


class NewBatch(StrictModel):
    """``filter`` names the examples (or ``filter.ids`` one by one); those that are held out are never sent."""

    filter: SelectionFilter = Field(default_factory=SelectionFilter)
    provider_id: str
    model: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    price: Price | None = None
    budget: float | None = Field(None, gt=0, le=100_000, allow_inf_nan=False)


class NewVariations(NewBatch):
    each: int = Field(3, ge=1, le=MOST_EACH)
    wishes: list[Wish] = Field(default=["wording", "tone", "length"], min_length=1)
    languages: str = Field("", max_length=200)
    answers: Literal["keep", "adapt"] = "keep"

    @field_validator("wishes")
    @classmethod
    def _once_each(cls, wishes: list[Wish]) -> list[Wish]:
        return list(dict.fromkeys(wishes))

    @model_validator(mode="after")
    def _answers_follow_the_language(self) -> "NewVariations":
        if self.languages and self.answers == "keep":
            raise ValueError("In another language the answer changes too: choose “adapt”, or leave the languages out.")
        return self


class NewSuggestions(NewBatch):
    """``wants``: what the model may pre-fill."""

    wants: list[Want] = Field(default=["behavior"], min_length=1)

    @field_validator("wants")
    @classmethod
    def _once_each(cls, wants: list[Want]) -> list[Want]:
        return list(dict.fromkeys(wants))


class Resume(StrictModel):
    budget: float | None = Field(None, gt=0, le=100_000, allow_inf_nan=False)


class UnknownDecision(StrictModel):
    action: Literal["accept", "resend"]
