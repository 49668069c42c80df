"""What a person says of a point of the checklist."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from app.checks.readiness.signing import SAMPLE, SIGNED, WAIVABLE
from app.core.ids import is_id
from app.web.forms import StrictModel

MOST_READ = 200


class NewSignOff(StrictModel):
    """``sign``: I have read a sample, and it holds. ``not_needed``: the project does without, ``note`` says why."""

    item: str
    action: Literal["sign", "not_needed", "withdraw"] = "sign"
    note: str = Field("", max_length=2000)
    sample_ids: list[str] = Field(default_factory=list, max_length=MOST_READ)

    @field_validator("item")
    @classmethod
    def _can_be_signed(cls, item: str) -> str:
        if item not in (*SIGNED, *WAIVABLE):
            raise ValueError(f"Only these are signed: {', '.join((*SIGNED, *WAIVABLE))}. The others are measured.")
        return item

    @field_validator("sample_ids")
    @classmethod
    def _are_ids(cls, ids: list[str]) -> list[str]:
        if not all(is_id(one) for one in ids):
            raise ValueError("One of these is not the id of an example.")
        return ids

    @model_validator(mode="after")
    def _fits(self) -> "NewSignOff":
        if self.action == "sign" and self.item not in SIGNED:
            raise ValueError("This point is measured; it can only be declared not needed.")
        if self.action == "not_needed" and self.item not in WAIVABLE:
            raise ValueError(f"This point is always needed: read a sample of {SAMPLE} and sign.")
        if self.action == "not_needed" and len(self.note) < 10:
            raise ValueError("Say in a sentence why this project does without.")
        return self
