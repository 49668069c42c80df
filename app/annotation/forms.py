"""What a reviewer may say."""

from typing import Any, Literal

from pydantic import Field

from app.annotation.models import Verdict
from app.examples.forms import Behavior, ExampleFilter
from app.web.forms import StrictModel

Queue = Literal["todo", "draft", "skipped", "done", "settle"]


class ReviewQuery(ExampleFilter):
    """The review page's address: which examples, and which of one's queues they come from."""

    queue: Literal["todo", "draft", "skipped"] = "todo"


class NextRequest(StrictModel):
    filter: ExampleFilter = Field(default_factory=ExampleFilter)


class NewAnnotation(StrictModel):
    """A verdict on revision ``revision``; ``messages``, ``tags``, ``behavior`` and ``label`` are the reviewer's edits.

    ``label`` becomes the example's expected label; ``seconds`` is the time it took; a ``client_token`` that was seen
    answers the first annotation.
    """

    revision: int = Field(ge=1)
    verdict: Verdict
    label: str | None = Field(None, min_length=1, max_length=500)
    note: str = Field("", max_length=10_000)
    flagged: bool = False
    seconds: float | None = Field(None, ge=0, le=86_400)
    messages: list[dict[str, Any]] | None = None
    tags: list[str] | None = Field(None, max_length=50)
    behavior: Behavior | None = None
    client_token: str | None = Field(None, min_length=1, max_length=100)


class NewDraft(StrictModel):
    """A review put aside; what was typed comes beside it."""

    revision: int = Field(ge=1)
    seconds: float | None = Field(None, ge=0, le=86_400)


class NewSettlement(NewAnnotation):
    """What holds of the opinions that differ: that of ``annotation_id`` as it stands, or a verdict with edits."""

    annotation_id: str | None = None
    verdict: Verdict | None = None  # type: ignore[assignment]
