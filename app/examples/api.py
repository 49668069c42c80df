"""Examples under ``/api/v1``: list, edit, revisions, bulk actions. Imports stand in ``import_api``."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel

from app.core.errors import Forbidden
from app.examples import bulk, compare_pages, import_api, list_queries, queries, saved_api, service
from app.examples.compare_pages import Differences
from app.examples.differences import Segment
from app.examples.forms import BulkAction, ExampleChange, ListQuery
from app.examples.models import Example, Revision
from app.examples.rules import group_name
from app.projects.access import Annotator, Viewer
from app.web.idempotency import api_router
from app.web.paging import ListAnswer
from app.web.session import SessionDep

router = api_router("examples")
BASE = "/projects/{slug}/examples"
RevisionNumber = Annotated[int, Query(ge=1, le=1_000_000)]


class ExampleOut(BaseModel):
    id: str
    number: int
    revision: int
    messages: list[dict[str, Any]]
    tools: list[Any] | None
    expected: dict[str, Any] | None
    non_preferred_output: list[dict[str, Any]] | None
    status: str
    behavior: str | None
    tags: list[str]
    split: str
    group: str | None
    source: str | None
    metadata: dict[str, Any]
    import_id: str | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, example: Example, content: Revision) -> "ExampleOut":
        own = ("id", "number", "revision", "status", "behavior", "tags", "split", "source", "import_id")
        fields = {name: getattr(example, name) for name in (*own, "created_at", "updated_at")}
        fields |= {name: getattr(content, name) for name in ("messages", "tools", "expected")}
        fields |= {"non_preferred_output": content.non_preferred, "metadata": content.extra}
        return cls(**fields, group=group_name(example.group_unit))


class RevisionOut(BaseModel):
    revision: int
    messages: list[dict[str, Any]]
    tools: list[Any] | None
    expected: dict[str, Any] | None
    non_preferred_output: list[dict[str, Any]] | None
    behavior: str | None
    tags: list[str]
    content_hash: str
    author_id: str | None
    reason: str
    created_at: datetime

    @classmethod
    def of(cls, row: Revision) -> "RevisionOut":
        names = set(cls.model_fields) - {"revision", "non_preferred_output"}
        fields = {name: getattr(row, name) for name in names}
        return cls(revision=row.number, non_preferred_output=row.non_preferred, **fields)


class SegmentOut(BaseModel):
    text: str
    mark: Literal["", "added", "removed"]


class MessageDiff(BaseModel):
    """``mark``: the whole message is only in the one or the other. ``tool_calls`` as text."""

    role: str
    mark: Literal["", "added", "removed"]
    segments: list[SegmentOut]
    tool_calls: list[SegmentOut]


class PartDiff(BaseModel):
    label: str
    segments: list[SegmentOut]


class RevisionDiff(BaseModel):
    """``parts``: what differs beside the messages (tags, expected behaviour, expected, tools)."""

    before: int
    after: int
    same: bool
    messages: list[MessageDiff]
    parts: list[PartDiff]

    @classmethod
    def of(cls, found: Differences) -> "RevisionDiff":
        messages = [
            MessageDiff(role=one.role, mark=one.mark, segments=_out(one.segments), tool_calls=_out(one.calls))
            for one in found.messages
        ]
        parts = [PartDiff(label=one.label, segments=_out(one.segments)) for one in found.parts]
        numbers = {"before": found.before.number, "after": found.after.number}
        return cls(**numbers, same=found.same, messages=messages, parts=parts)


def _out(segments: Sequence[Segment]) -> list[SegmentOut]:
    return [SegmentOut(text=one.text, mark=one.mark) for one in segments]


class BulkOut(BaseModel):
    """``matched`` examples were meant, ``changed`` ones are different now; ``id`` takes it back."""

    id: str
    action: str
    matched: int
    changed: int


class BulkUndone(BaseModel):
    changed: int


@router.get(BASE)
def list_examples(session: SessionDep, access: Viewer, wanted: ListQuery) -> ListAnswer[ExampleOut]:
    """Newest first. A filter that does not exist is an error, so that no list is longer than was meant."""
    found = list_queries.page_with_content(session, access.project.id, wanted, cursor=wanted.cursor, limit=wanted.limit)
    return ListAnswer(items=[ExampleOut.of(*row) for row in found.items], next_cursor=found.next_cursor)


@router.post(BASE + "/bulk")
def bulk_action(session: SessionDep, access: Annotator, wanted: BulkAction) -> BulkOut:
    """409 if the filter matches another number than ``expected_count``. Deleting needs the role engineer."""
    if wanted.action == "delete" and not access.can("engineer"):
        raise Forbidden("Deleting examples needs the role engineer in the project.")
    change = bulk.apply(session, access.user, access.project.id, wanted, decides_alone=access.decides_alone)
    return BulkOut(id=change.id, action=change.action, matched=wanted.expected_count, changed=change.size)


@router.post(BASE + "/bulk/{change_id}/undo")
def undo_bulk_action(session: SessionDep, access: Annotator, change_id: str) -> BulkUndone:
    return BulkUndone(changed=bulk.undo(session, access.user, access.project.id, change_id))


@router.get(BASE + "/{example_id}")
def get_example(session: SessionDep, access: Viewer, example_id: str) -> ExampleOut:
    return ExampleOut.of(*queries.with_content(session, access.project.id, example_id))


@router.patch(BASE + "/{example_id}")
def change_example(session: SessionDep, access: Annotator, example_id: str, change: ExampleChange) -> ExampleOut:
    """A new revision out of revision ``revision``; 409 if there is a newer one. What is absent stays."""
    example = queries.get(session, access.project.id, example_id)
    given = change.model_fields_set
    service.revise(
        session,
        access.user,
        example,
        change.revision,
        messages=change.messages,
        tags=change.tags,
        behavior=change.behavior if "behavior" in given else service.UNSET,
        expected=change.expected if "expected" in given else service.UNSET,
        non_preferred=change.non_preferred_output if "non_preferred_output" in given else service.UNSET,
        reason=change.reason,
    )
    return ExampleOut.of(*queries.with_content(session, access.project.id, example_id))


@router.get(BASE + "/{example_id}/revisions")
def list_revisions(session: SessionDep, access: Viewer, example_id: str) -> ListAnswer[RevisionOut]:
    """All revisions, newest first."""
    example = queries.get(session, access.project.id, example_id)
    return ListAnswer(items=[RevisionOut.of(row) for row in queries.revisions(session, example.id)])


@router.get(BASE + "/{example_id}/diff")
def compare_revisions(
    session: SessionDep, access: Viewer, example_id: str, before: RevisionNumber, after: RevisionNumber
) -> RevisionDiff:
    """Two revisions, message by message and word by word."""
    example = queries.get(session, access.project.id, example_id)
    return RevisionDiff.of(compare_pages.between(session, example, before, after))


router.include_router(import_api.router)
router.include_router(saved_api.router)
