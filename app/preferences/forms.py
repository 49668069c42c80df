"""What a round may be asked to be, and what a vote says."""

from typing import Literal

from pydantic import Field

from app.web.forms import StrictModel

DEFAULT_CRITERIA = "Which reply would you send?"


class NewRound(StrictModel):
    name: str = Field("", max_length=120)
    run_ids: list[str] = Field(min_length=2, max_length=6)
    criteria: str = Field(DEFAULT_CRITERIA, min_length=1, max_length=2000)
    reviewers: list[str] | None = Field(None, description="E-mail addresses; all who may vote where absent.")
    votes_per_pair: int = Field(2, ge=1, le=20)
    repeat_fraction: float = Field(0.0, ge=0, le=0.5)
    max_pairs: int | None = Field(None, ge=1, le=10_000)
    seed: int | None = Field(None, ge=0, lt=2**62)


class NewVote(StrictModel):
    pair_id: str
    choice: Literal["left", "right", "tie", "both_bad"]
    rationale: str = Field("", max_length=4000)
    seconds: float | None = Field(None, ge=0, le=86_400)
