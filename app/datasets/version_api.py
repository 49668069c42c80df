"""Dataset versions under ``/api/v1``."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from app.datasets import export, left_out, versions
from app.datasets import version_queries as queries
from app.datasets.diff_queries import Change
from app.datasets.folder import build
from app.datasets.forms import NewVersion
from app.datasets.models import DatasetVersion
from app.projects.access import Engineer, Viewer
from app.web.idempotency import api_router
from app.web.paging import MAX_LIMIT, ListAnswer
from app.web.session import SessionDep

router = api_router("datasets")
BASE = "/projects/{slug}/dataset-versions"
EXCLUDED_SHOWN = 10_000


class VersionOut(BaseModel):
    """``content_hash``: SHA-256 of the openai_chat export. ``record_hash``: of everything that the rows hold, of which
    the other exports are a function; null for versions frozen before there was one."""

    id: str
    number: int
    name: str
    size: int
    content_hash: str
    record_hash: str | None
    filters: dict[str, Any]
    created_at: datetime


class ExcludedOut(BaseModel):
    example_id: str
    reason: str


class VersionDetail(VersionOut):
    """``excluded``: the first 10,000; ``excluded_count``: how many there are; ``/left-out`` has all of them."""

    excluded: list[ExcludedOut]
    excluded_count: int


class ChangeOut(BaseModel):
    """``revision`` of this version and ``against_revision`` of the other one; null where it has none."""

    example_id: str
    number: int
    revision: int | None
    against_revision: int | None


class DiffOut(BaseModel):
    """The first 10,000 of each kind; ``counts`` has all."""

    added: list[ChangeOut]
    removed: list[ChangeOut]
    changed: list[ChangeOut]
    counts: dict[str, int]


def _detail(session: SessionDep, version: DatasetVersion) -> VersionDetail:
    excluded = queries.exclusions(session, version.id, EXCLUDED_SHOWN)
    fields = {name: getattr(version, name) for name in VersionOut.model_fields}
    return VersionDetail(
        **fields,
        excluded=[ExcludedOut(example_id=one.example_id, reason=one.reason) for one in excluded],
        excluded_count=sum(queries.exclusion_kinds(session, version.id).values()),
    )


@router.get(BASE)
def list_versions(
    session: SessionDep,
    access: Viewer,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 50,
    cursor: str | None = None,
) -> ListAnswer[VersionOut]:
    found = queries.versions(session, access.project.id, cursor, limit)
    items = [VersionOut.model_validate(version, from_attributes=True) for version in found.items]
    return ListAnswer(items=items, next_cursor=found.next_cursor)


@router.post(BASE, status_code=201)
def freeze(session: SessionDep, access: Engineer, new: NewVersion) -> VersionDetail:
    version = versions.freeze(session, access.user, access.project, new.name, new.filters)
    session.refresh(version)
    return _detail(session, version)


@router.get(BASE + "/{version_id}")
def get_version(session: SessionDep, access: Viewer, version_id: str) -> VersionDetail:
    return _detail(session, versions.load(session, access.project.id, version_id))


@router.get(BASE + "/{version_id}/diff")
def diff(session: SessionDep, access: Viewer, version_id: str, against: str) -> DiffOut:
    """What this version has, lacks and has otherwise, compared with the version ``against``."""
    version = versions.load(session, access.project.id, version_id)
    found = versions.diff(session, version, versions.load(session, access.project.id, against))
    return DiffOut(
        added=[_change(one) for one in found.added],
        removed=[_change(one) for one in found.removed],
        changed=[_change(one) for one in found.changed],
        counts=found.counts,
    )


def _change(change: Change) -> ChangeOut:
    return ChangeOut(
        example_id=change.example_id, number=change.number, revision=change.here, against_revision=change.there
    )


@router.get(BASE + "/{version_id}/folder", response_class=StreamingResponse)
def training_folder(
    session: SessionDep, access: Viewer, version_id: str, wanted: Annotated[build.Wanted, Query()]
) -> StreamingResponse:
    """A zip that is ready to train with: data, configuration, README with the exact command, and ``check.json``."""
    version = versions.load(session, access.project.id, version_id)
    return build.response(session, access.project, version, wanted)


@router.get(BASE + "/{version_id}/export", response_class=StreamingResponse)
def download(session: SessionDep, access: Viewer, version_id: str, wanted: export.WantedQuery) -> StreamingResponse:
    """``objective`` dpo: pairs of answers; by default where every example has one. A format that cannot hold an
    example refuses with 422 naming it; ``omit`` leaves such examples out, and ``X-Left-Out`` says how many."""
    version = versions.load(session, access.project.id, version_id)
    return export.response(session, access.project, version, wanted)


@router.get(BASE + "/{version_id}/left-out", response_class=StreamingResponse)
def left_out_file(
    session: SessionDep, access: Viewer, version_id: str, wanted: left_out.WantedQuery
) -> StreamingResponse:
    """Everything that was left out, with the reasons: ``number``, ``example_id``, ``reason`` in each row."""
    version = versions.load(session, access.project.id, version_id)
    return left_out.response(access.project, version, wanted)
