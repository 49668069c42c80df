"""Which approved examples become worked examples."""

from pydantic import Field, field_validator, model_validator

from app.core.ids import is_id
from app.examples.forms import Behavior
from app.web.forms import StrictModel

MOST = 20


class FewShot(StrictModel):
    """Either ``example_ids``, in the order in which they are sent, or ``k`` of those with the tag and the behaviour,
    drawn by ``seed``: the same seed draws the same ones from the same examples."""

    example_ids: list[str] | None = Field(None, min_length=1, max_length=MOST)
    k: int | None = Field(None, ge=1, le=MOST)
    tag: str | None = Field(None, min_length=1, max_length=200)
    behavior: Behavior | None = None
    seed: int = Field(0, ge=0, le=2**31 - 1)

    @field_validator("example_ids")
    @classmethod
    def _are_ids(cls, ids: list[str] | None) -> list[str] | None:
        if ids is not None and not all(is_id(one) for one in ids):
            raise ValueError("One of these is not the id of an example.")
        return None if ids is None else list(dict.fromkeys(ids))

    @model_validator(mode="after")
    def _one_way(self) -> "FewShot":
        if (self.example_ids is None) == (self.k is None):
            raise ValueError("Name the examples (example_ids), or say how many to draw (k).")
        return self
