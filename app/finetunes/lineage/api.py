"""Lineage under ``/api/v1``."""

from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel

from app.datasets import versions
from app.finetunes import queries as tunes
from app.finetunes.lineage import pages
from app.projects.access import Access, Viewer
from app.web.idempotency import api_router
from app.web.paging import MAX_LIMIT, ListAnswer
from app.web.session import SessionDep

router = api_router("fine-tunes")
BASE = "/projects/{slug}"
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]


class LineageOut(BaseModel):
    """``approved_how``: ``review`` (of ``approved_revision``), ``status``, ``together`` with others, or ``none``."""

    position: int
    example_id: str
    number: int
    revision: int
    source: str | None
    file: str | None
    deleted_at: datetime | None
    approved_by: list[str]
    approved_at: datetime | None
    approved_how: str
    approved_revision: int | None


class ModelOut(BaseModel):
    fine_tune_id: str
    status: str
    fine_tuned_model: str | None
    candidate_id: str | None
    dataset_version_id: str


class VersionUseOut(BaseModel):
    dataset_version_id: str
    number: int
    revision: int


class CaseUseOut(BaseModel):
    test_set_id: str
    case_id: str
    sealed_at: datetime | None


class UsesOut(BaseModel):
    example_id: str
    deleted_at: datetime | None
    dataset_versions: list[VersionUseOut]
    models: list[ModelOut]
    test_sets: list[CaseUseOut]


@router.get(BASE + "/dataset-versions/{version_id}/lineage")
def of_version(
    session: SessionDep, access: Viewer, version_id: str, limit: Limit = 50, cursor: str | None = None
) -> ListAnswer[LineageOut]:
    """Each row of the version with where it came from and who approved it, as of the freeze."""
    return _rows(session, access, version_id, cursor, limit)


@router.get(BASE + "/fine-tunes/{fine_tune_id}/lineage")
def of_fine_tune(
    session: SessionDep, access: Viewer, fine_tune_id: str, limit: Limit = 50, cursor: str | None = None
) -> ListAnswer[LineageOut]:
    row = tunes.fine_tune(session, access.project.id, fine_tune_id)
    return _rows(session, access, row.dataset_version_id, cursor, limit)


@router.get(BASE + "/examples/{example_id}/uses")
def uses(session: SessionDep, access: Viewer, example_id: str) -> UsesOut:
    """What has the example, also after it was deleted."""
    found = pages.uses(session, access, example_id)
    return UsesOut(
        example_id=found.example.id,
        deleted_at=found.example.deleted_at,
        dataset_versions=[
            VersionUseOut(dataset_version_id=v.id, number=v.number, revision=v.revision) for v in found.versions
        ],
        models=[
            ModelOut(
                fine_tune_id=m.fine_tune_id,
                status=m.status,
                fine_tuned_model=m.fine_tuned_model,
                candidate_id=m.candidate_id,
                dataset_version_id=m.version_id,
            )
            for m in found.models
        ],
        test_sets=[CaseUseOut(test_set_id=c.set_id, case_id=c.case_id, sealed_at=c.sealed_at) for c in found.cases],
    )


def _rows(
    session: SessionDep, access: Access, version_id: str, cursor: str | None, limit: int
) -> ListAnswer[LineageOut]:
    version = versions.load(session, access.project.id, version_id)
    rows, next_cursor = pages.approved_rows(session, access.project.id, version, cursor, limit)
    items = [
        LineageOut(
            position=row.origin.position,
            example_id=row.origin.example_id,
            number=row.origin.number,
            revision=row.origin.revision,
            source=row.origin.source,
            file=row.origin.file,
            deleted_at=row.origin.deleted_at,
            approved_by=list(row.approval.names),
            approved_at=row.approval.at,
            approved_how=row.approval.how,
            approved_revision=row.approval.revision,
        )
        for row in rows
    ]
    return ListAnswer(items=items, next_cursor=next_cursor)
