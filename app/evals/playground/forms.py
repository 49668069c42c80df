"""What is asked of the playground."""

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from app.annotation.assist.forms import NewBatch
from app.candidates.few_shot.forms import FewShot
from app.candidates.rules import INPUT
from app.core.ids import is_id
from app.examples.forms import Behavior
from app.web.forms import StrictModel

MOST_VARIANTS = 3
MOST_EXAMPLES = 5


class Variant(StrictModel):
    """One prompt. ``system_prompt`` None keeps each example's own, an empty text sends none. ``few_shot`` draws or
    names worked examples; ``keep_few_shot`` takes those of the candidate."""

    system_prompt: str | None = Field(None, max_length=200_000)
    prompt_template: str | None = Field(None, max_length=200_000)
    few_shot: FewShot | None = None
    keep_few_shot: bool = False

    @field_validator("prompt_template")
    @classmethod
    def _names_the_input(cls, template: str | None) -> str | None:
        if template and INPUT not in template:
            raise ValueError(f"Write {INPUT} where the request belongs.")
        return template or None

    @model_validator(mode="after")
    def _one_way(self) -> "Variant":
        if self.few_shot and self.keep_few_shot:
            raise ValueError("Keep the candidate's worked examples, or choose others: not both.")
        return self


class NewTrial(StrictModel):
    """``example_ids``, or left out as many approved ones as ``count``, drawn by ``seed`` among those with the tag and
    the behaviour. Only the training side is asked. ``graders``: names of saved ones or grader objects; ``graders_of``:
    a test set, whose newest run's graders are used beside them. Judges are asked once the outputs are in, on demand."""

    candidate_id: str
    variants: list[Variant] = Field(min_length=1, max_length=MOST_VARIANTS)
    example_ids: list[str] | None = Field(None, min_length=1, max_length=MOST_EXAMPLES)
    count: int = Field(MOST_EXAMPLES, ge=1, le=MOST_EXAMPLES)
    tag: str | None = Field(None, min_length=1, max_length=200)
    behavior: Behavior | None = None
    seed: int = Field(0, ge=0, le=2**31 - 1)
    graders: list[str | dict[str, Any]] = Field(default_factory=list, max_length=10)
    graders_of: str | None = None
    budget: float | None = Field(None, gt=0, le=100_000, allow_inf_nan=False)

    @field_validator("example_ids")
    @classmethod
    def _are_ids(cls, ids: list[str] | None) -> list[str] | None:
        if ids is not None and not all(is_id(one) for one in ids):
            raise ValueError("One of these is not the id of an example.")
        return None if ids is None else list(dict.fromkeys(ids))


class VariantBatch(NewBatch):
    """A variant as its model batch takes it. ``few_shot``: worked examples in the revision that is sent.
    ``candidate_id``: of one that searches; ``trial_id`` once it is asked."""

    system_prompt: str | None
    prompt_template: str | None
    parameters: dict[str, Any]
    few_shot: list[tuple[str, int]]
    candidate_id: str | None = None
    trial_id: str | None = None


class NewVersion(StrictModel):
    """``variant``: which one, from 0."""

    variant: int = Field(0, ge=0, lt=MOST_VARIANTS)
    name: str = Field(min_length=1, max_length=120)


class UnknownDecision(StrictModel):
    action: Literal["accept", "resend"]
