"""What people and programs may say of examples: filters, edits, bulk actions."""

from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import ConfigDict, Field, field_validator, model_validator

from app.core.ids import is_id
from app.web.forms import StrictModel
from app.web.paging import MAX_LIMIT

Status = Literal["draft", "to_review", "approved", "rejected", "needs_work"]
Behavior = Literal["answer", "refuse", "clarify", "escalate"]
Split = Literal["train", "test"]
Source = Literal["production", "synthetic", "written"]
FindingKind = Literal[
    "duplicate",
    "near_duplicate",
    "semantic_duplicate",
    "sensitive",
    "secret",
    "format",
    "stale_fact",
    "label_conflict",
    "leak",
    "outlier",
]
Action = Literal["approve", "reject", "needs_work", "to_review", "tag", "untag", "delete"]
MAX_IDS = 1_000
MAX_QUERY = 500
ROWS = (25, 50, 100)  # of one page of the list


class ExampleFilter(StrictModel):
    """Which examples. What is absent does not limit; ``q`` is words of the request or the answer, or ``#number``;
    ``finding`` is a kind of finding that is open.
    """

    status: Status | None = None
    tag: str | None = Field(None, min_length=1, max_length=200)
    behavior: Behavior | None = None
    split: Split | None = None
    finding: FindingKind | None = None
    source: Source | None = None
    q: str | None = Field(None, max_length=MAX_QUERY)
    import_id: str | None = None

    @field_validator("import_id")
    @classmethod
    def _is_an_id(cls, value: str | None) -> str | None:
        if value is not None and not is_id(value):
            raise ValueError("This is not the id of an import.")
        return value


class ExampleListQuery(ExampleFilter):
    limit: int = Field(50, ge=1, le=MAX_LIMIT)
    cursor: str | None = None


ListQuery = Annotated[ExampleListQuery, Query()]


class ExampleListPage(ExampleFilter):
    """The list in the browser: ``newer`` is the cursor of a page before this one, ``changed`` a bulk action."""

    cursor: str | None = None
    newer: str | None = None
    changed: str | None = None
    rows: int = 50
    exact: bool = False  # count everything that matches, so that one action can take it all

    @field_validator("rows")
    @classmethod
    def _is_offered(cls, value: int) -> int:
        return value if value in ROWS else 50

    @field_validator("changed")
    @classmethod
    def _is_a_change(cls, value: str | None) -> str | None:
        return value if value is None or is_id(value) else None


class SelectionFilter(ExampleFilter):
    """A filter that may also name examples one by one."""

    ids: list[str] | None = Field(None, max_length=MAX_IDS)

    @field_validator("ids")
    @classmethod
    def _are_ids(cls, value: list[str] | None) -> list[str] | None:
        if value is not None and not all(is_id(one) for one in value):
            raise ValueError("One of these is not the id of an example.")
        return value


class ExampleChange(StrictModel):
    """An edit of revision ``revision``. Fields that are absent stay; ``behavior``, ``expected`` and
    ``non_preferred_output`` (the messages of the answer that was liked less) may be null."""

    model_config = ConfigDict(str_strip_whitespace=False)  # a message keeps its blanks

    revision: int
    messages: list[Any] | None = None
    tags: list[str] | None = None
    behavior: Behavior | None = None
    expected: dict[str, Any] | None = None
    non_preferred_output: list[Any] | None = None
    reason: str = Field("", max_length=500)


class BulkAction(StrictModel):
    """Do ``action`` to everything that ``filter`` matches, if that is exactly ``expected_count`` examples."""

    filter: SelectionFilter
    action: Action
    tag: str | None = Field(None, min_length=1, max_length=200)
    expected_count: int = Field(ge=0)

    @model_validator(mode="after")
    def _tag_is_named(self) -> "BulkAction":
        if (self.action in ("tag", "untag")) != (self.tag is not None):
            raise ValueError("`tag` names the tag for the actions tag and untag, and only for them.")
        return self
