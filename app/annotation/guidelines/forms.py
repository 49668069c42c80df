"""What people and programs may say of a guideline."""

from pydantic import Field

from app.examples.forms import Behavior, Status
from app.projects.guidelines import MAX_TEXT
from app.web.forms import StrictModel


class NewVersion(StrictModel):
    """``based_on`` is the version that was edited (0 where there is none yet)."""

    text: str = Field("", max_length=MAX_TEXT)
    note: str = Field("", max_length=500)
    based_on: int | None = Field(None, ge=0)


class Touched(StrictModel):
    """What a changed guideline touches: decided examples, narrowed by what is given.

    ``under_version_below``: the newest annotation was made under an earlier version than this one, or there is none
    because the example was decided in bulk or at import.
    """

    tag: str | None = Field(None, min_length=1, max_length=200)
    behavior: Behavior | None = None
    label: str | None = Field(None, min_length=1, max_length=500)
    status: Status | None = None
    under_version_below: int | None = Field(None, ge=1)


class Requeue(StrictModel):
    filter: Touched
    expected_count: int = Field(ge=0)
