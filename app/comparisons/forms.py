"""What may be asked of a comparison. Everything stands in the URL."""

from typing import Literal

from pydantic import Field, field_validator

from app.comparisons.costs import DEFAULT_VOLUME
from app.evals.catalogue import GRADED
from app.web.forms import StrictModel
from app.web.paging import MAX_LIMIT

Which = Literal["regression", "win", "both_wrong", "both_right", "disagreement"]


class Wanted(StrictModel):
    """Two candidates and sealed sets. Left out: the project's baseline, its newest tuned candidate, every set that
    both have measured. A named run settles its candidate and its set. ``volume``: tasks over which the cost of making
    is spread."""

    baseline: str | None = None
    candidate: str | None = None
    test_set: list[str] = Field(default_factory=list, max_length=20)
    baseline_run: str | None = None
    candidate_run: str | None = None
    volume: int = Field(DEFAULT_VOLUME, ge=1, le=1_000_000_000)


class ExportFilter(Wanted):
    format: Literal["csv", "json"] = "csv"


class CaseFilter(Wanted):
    """Which cases: by what became of them, in one metric or (left out) in the main one of their set."""

    outcome: Which | None = None
    metric: str | None = None
    tag: str | None = Field(None, max_length=200)
    behavior: Literal["answer", "refuse", "clarify", "escalate"] | None = None
    length: str | None = Field(None, max_length=200)
    source: str | None = Field(None, max_length=200)
    language: str | None = Field(None, max_length=20)
    limit: int = Field(50, ge=1, le=MAX_LIMIT)
    cursor: str | None = None

    @field_validator("metric")
    @classmethod
    def _graded(cls, key: str | None) -> str | None:
        if key is not None and key not in GRADED:
            raise ValueError(f"cases have an outcome in: {', '.join(GRADED)}")
        return key

    @property
    def cut(self) -> dict[str, str]:
        """The slice that was asked for, by what it is cut by."""
        cuts = ("tag", "behavior", "length", "source", "language")
        return {by: value for by in cuts if (value := getattr(self, by))}


class PageFilter(CaseFilter):
    """``show``: this person wants to read outputs, knowing that they cannot vote on them afterwards."""

    show: bool = False
