"""What people and programs may say of test sets and dataset versions."""

from typing import Literal

from pydantic import AliasChoices, Field, model_validator

from app.examples.forms import ExampleFilter
from app.web.forms import StrictModel

Kind = Literal["task", "edge", "red_team", "general"]
Stratum = Literal["behavior", "label", "tag", "language", "source"]
Pool = Literal["approved", "any"]
MAX_CASES = 20_000


class NewTestSet(StrictModel):
    """A draft set: of named examples, of a fraction drawn by a seed, or empty (cases are uploaded afterwards).

    ``stratify`` keeps the mix of the pool: each behavior, label, language, source or tag gets its share.
    """

    name: str = Field(min_length=1, max_length=120)
    kind: Kind = "task"
    example_ids: list[str] | None = Field(None, min_length=1, max_length=MAX_CASES)
    fraction: float | None = Field(None, gt=0, le=1)
    seed: int = Field(0, ge=0, lt=2**53)
    pool: Pool = "any"
    tag: str | None = Field(None, min_length=1, max_length=100)
    stratify: Stratum | None = None

    @model_validator(mode="after")
    def _one_source(self) -> "NewTestSet":
        if self.example_ids is not None and self.fraction is not None:
            raise ValueError("give example_ids or a fraction, not both")
        return self


class NewVersion(StrictModel):
    """Freeze what ``filters`` match; approved examples where they name no status."""

    name: str = Field(min_length=1, max_length=120)
    filters: ExampleFilter = Field(default_factory=ExampleFilter, validation_alias=AliasChoices("filters", "filter"))
