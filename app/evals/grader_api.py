"""Saved graders under ``/api/v1``."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from app.evals import grader_pages, queries, service, upload
from app.evals.answers import GradeOut
from app.evals.forms import NewGrader, TrySamples
from app.evals.graders import grade
from app.evals.models import Grader
from app.projects.access import Engineer, Viewer
from app.web.idempotency import api_router
from app.web.paging import ListAnswer
from app.web.session import SessionDep

router = api_router("evals")
GRADERS = "/projects/{slug}/graders"


class GraderOut(BaseModel):
    id: str
    name: str
    version: int
    definition: dict[str, Any]
    metric: str
    pass_threshold: float | None

    @classmethod
    def of(cls, row: Grader) -> "GraderOut":
        return cls.model_validate(row, from_attributes=True)


@router.get(GRADERS)
def list_graders(session: SessionDep, access: Viewer) -> ListAnswer[GraderOut]:
    return ListAnswer(items=[GraderOut.of(row) for row in queries.saved_graders(session, access.project.id)])


@router.post(GRADERS, status_code=201)
def save_grader(session: SessionDep, access: Engineer, new: NewGrader) -> GraderOut:
    return GraderOut.of(service.save_grader(session, access, new))


@router.get(GRADERS + "/{grader_id}")
def get_grader(session: SessionDep, access: Viewer, grader_id: str) -> GraderOut:
    return GraderOut.of(queries.grader(session, access.project.id, grader_id))


class VersionOut(BaseModel):
    """``changes``: field, value before, value now, against the version before; null for the first."""

    id: str
    version: int
    created_at: datetime
    changes: list[tuple[str, str | None, str | None]] | None


@router.get(GRADERS + "/{grader_id}/versions")
def grader_versions(session: SessionDep, access: Viewer, grader_id: str) -> ListAnswer[VersionOut]:
    rows = grader_pages.version_rows(session, queries.grader(session, access.project.id, grader_id))
    return ListAnswer(items=[_version(row) for row in rows])


def _version(row: grader_pages.VersionRow) -> VersionOut:
    told = None if row.changes is None else [(one.field, one.before, one.after) for one in row.changes]
    return VersionOut(id=row.id, version=row.version, created_at=row.saved_at, changes=told)


@router.post(GRADERS + "/{grader_id}/try")
def try_grader(session: SessionDep, access: Engineer, grader_id: str, tried: TrySamples) -> list[GradeOut]:
    spec = service.spec_of(queries.grader(session, access.project.id, grader_id))
    return [_tried(spec.name, spec.metric, grade(spec, *upload.sample(one))) for one in tried.samples]


def _tried(name: str, metric: str, given: Any) -> GradeOut:
    told = {field: getattr(given, field) for field in ("score", "passed", "reason", "detail")}
    return GradeOut(grader=name, metric=metric, **told)
