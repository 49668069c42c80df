"""What a reviewer may say."""

from typing import Any, Literal

from pydantic import Field

from app.examples.forms import ExampleFilter
from app.web.forms import StrictModel

Verdict = Literal["approve", "reject", "needs_work"]
Behavior = Literal["answer", "refuse", "clarify", "escalate"]


class NextRequest(StrictModel):
    filter: ExampleFilter = Field(default_factory=ExampleFilter)


class NewAnnotation(StrictModel):
    """A verdict on revision ``revision``; ``messages``, ``tags`` and ``behavior`` are the reviewer's own edits."""

    revision: int = Field(ge=1)
    verdict: Verdict
    label: str | None = Field(None, max_length=200)
    note: str = Field("", max_length=10_000)
    flagged: bool = False
    seconds: float | None = Field(None, ge=0, le=86_400)
    messages: list[dict[str, Any]] | None = None
    tags: list[str] | None = Field(None, max_length=50)
    behavior: Behavior | None = None
    client_token: str | None = Field(None, max_length=100)
