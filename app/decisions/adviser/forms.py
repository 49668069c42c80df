"""What is asked of the adviser, and what a person says of failures."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from app.core.ids import is_id
from app.decisions.adviser.causes import CAUSES, Cause
from app.web.forms import StrictModel
from app.web.paging import MAX_LIMIT

MOST = 5_000
Said = Literal[
    "proposed", "missing_document", "changing_fact", "ignored_pattern", "format", "unclear_requirement", "safety"
]


class Wanted(StrictModel):
    """Which run: a named one, or the baseline's latest complete one on the set (left out: the first set that it has
    answered)."""

    test_set: str | None = None
    run: str | None = None


class FailureFilter(Wanted):
    """``cause``: as it counts now, confirmed before proposed; ``none`` for failures without one."""

    cause: str | None = None
    state: Literal["confirmed", "proposed", "none"] | None = None
    tag: str | None = Field(None, max_length=200)
    grader: str | None = Field(None, max_length=200)

    @field_validator("cause")
    @classmethod
    def _known(cls, cause: str | None) -> str | None:
        if cause is not None and cause not in (*CAUSES, "none"):
            raise ValueError(f"one of {', '.join(CAUSES)}, none")
        return cause

    @property
    def cut(self) -> dict[str, str]:
        names = ("cause", "state", "tag", "grader")
        return {name: value for name in names if (value := getattr(self, name))}


class FailureList(FailureFilter):
    limit: int = Field(50, ge=1, le=MAX_LIMIT)
    cursor: str | None = None


class FailurePage(FailureFilter):
    """``case``: the one that is read; ``show``: read outputs, knowing that one cannot vote on them afterwards;
    ``changed``: a change that was just made, which can be undone."""

    case: str | None = None
    show: bool = False
    changed: str | None = None


class NewCauses(FailureFilter):
    """``case_ids`` or, left out, all that the filter matches: then ``expected_count`` must be their number. ``set_to``
    ``proposed`` confirms for each case what is proposed; a cause sets it for all."""

    case_ids: list[str] | None = Field(None, min_length=1, max_length=MOST)
    set_to: Said
    expected_count: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _counted(self) -> "NewCauses":
        if self.case_ids is None and self.expected_count is None:
            raise ValueError("Say how many cases you expect to change (expected_count), or name them (case_ids).")
        if self.case_ids is not None and not all(is_id(one) for one in self.case_ids):
            raise ValueError("One of these is not the id of a case.")
        return self

    @property
    def one_cause(self) -> Cause | None:
        """The cause for all; None where each gets what is proposed for it."""
        return None if self.set_to == "proposed" else self.set_to
