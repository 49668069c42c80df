"""What may be asked of whom."""

from datetime import date
from typing import Literal

from pydantic import Field

from app.examples.forms import ExampleFilter
from app.web.forms import StrictModel

MAX_ITEMS = 5_000


class NewAssignment(StrictModel):
    """Give the first ``count`` waiting examples that match ``filter`` to ``people`` (e-mail addresses of members).

    ``share``: ``divide`` deals them out, each example to one person; ``everyone`` gives all of them to each.
    """

    name: str = Field(min_length=1, max_length=120)
    note: str = Field("", max_length=2_000)
    filter: ExampleFilter = Field(default_factory=ExampleFilter)
    count: int = Field(ge=1, le=MAX_ITEMS)
    people: list[str] = Field(min_length=1, max_length=50)
    share: Literal["divide", "everyone"] = "divide"
    due_on: date | None = None


class Reassignment(StrictModel):
    """What ``giver`` has not done yet goes to ``taker`` (e-mail addresses)."""

    giver: str
    taker: str
