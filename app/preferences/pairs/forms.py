"""Which preference pairs are wanted, and as what."""

from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field

from app.web.forms import StrictModel

Format = Literal["openai_preference", "trl", "jsonl"]


class PairFilter(StrictModel):
    """``reviewers``: ids of the results' reviewers (of imported votes: their names); absent: everybody."""

    min_agreement: float = Field(0.5, ge=0, le=1, description="Least share of a pair's votes that its winner has.")
    min_votes: int = Field(1, ge=1, le=1000)
    rationale: bool = Field(False, description="Only pairs where somebody says why the winner is better.")
    reviewers: list[str] | None = Field(None, max_length=1000)


class PairsExport(PairFilter):
    format: Format = "openai_preference"


ExportQuery = Annotated[PairsExport, Query()]
FilterQuery = Annotated[PairFilter, Query()]
