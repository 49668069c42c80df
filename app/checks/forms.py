"""What people and programs may say of findings: filters and decisions."""

from datetime import UTC, date, datetime, time
from typing import Annotated, Literal

from fastapi import Query
from pydantic import AwareDatetime, Field, field_validator

from app.core.errors import Invalid
from app.core.ids import is_id
from app.examples.forms import FindingKind
from app.web.forms import StrictModel
from app.web.paging import MAX_LIMIT

State = Literal["open", "resolved", "accepted"]
ActionName = Literal[
    "mask", "remove", "approve", "accept", "needs_work", "keep_one", "not_duplicate", "choose", "reopen"
]
MAX_REASON = 1_000
MAX_IDS = 1_000


class NewScan(StrictModel):
    """``full``: look at everything again, also at what these detectors have seen."""

    full: bool = False


class FindingFilter(StrictModel):
    """Which findings. What is absent does not limit."""

    kind: FindingKind | None = None
    state: State | None = None
    code: str | None = Field(None, min_length=1, max_length=100)
    cluster: str | None = Field(None, min_length=1, max_length=200)
    example_id: str | None = None

    @field_validator("example_id")
    @classmethod
    def _is_an_id(cls, value: str | None) -> str | None:
        if value is not None and not is_id(value):
            raise ValueError("This is not the id of an example.")
        return value


class FindingList(FindingFilter):
    limit: int = Field(50, ge=1, le=MAX_LIMIT)
    cursor: str | None = None


ListQuery = Annotated[FindingList, Query()]


class Chosen(FindingFilter):
    """A filter that may also name findings one by one."""

    ids: list[str] | None = Field(None, max_length=MAX_IDS)

    @field_validator("ids")
    @classmethod
    def _are_ids(cls, value: list[str] | None) -> list[str] | None:
        if value is not None and not all(is_id(one) for one in value):
            raise ValueError("One of these is not the id of a finding.")
        return value


class Decision(StrictModel):
    """What to do about a finding. ``expires_at`` ends an acceptance; ``keep`` names the example to keep."""

    action: ActionName
    reason: str = Field("", max_length=MAX_REASON)
    expires_at: AwareDatetime | None = None
    keep: str | None = None

    @field_validator("keep")
    @classmethod
    def _keeps_an_example(cls, value: str | None) -> str | None:
        if value is not None and not is_id(value):
            raise ValueError("This is not the id of an example.")
        return value


class BulkDecision(StrictModel):
    """The same for everything that ``filter`` matches, if that is exactly ``expected_count`` findings.

    A filter without a state means open ones (accepted ones where they are to be opened again).
    """

    filter: Chosen
    action: ActionName
    reason: str = Field("", max_length=MAX_REASON)
    expires_at: AwareDatetime | None = None
    expected_count: int = Field(ge=0)


def end_of(value: str) -> datetime | None:
    """A date of a form as the end of that day (UTC), or None where nothing was chosen."""
    try:
        return datetime.combine(date.fromisoformat(value), time.max, UTC) if value.strip() else None
    except ValueError as error:
        raise Invalid.field("expires_at", "A date such as 2027-06-30.") from error
