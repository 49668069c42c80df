"""Test sets under ``/api/v1``; dataset versions stand in ``version_api``."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Form, Query, UploadFile
from pydantic import BaseModel

from app.core.errors import NotFound
from app.datasets import edition_queries, editions, queries, service, upload, version_api
from app.datasets.forms import NewTestSet
from app.datasets.models import TestCase, TestSet
from app.datasets.near import seal_queries
from app.datasets.near import service as near
from app.datasets.starters import api as starters_api
from app.datasets.suite import api as suite_api
from app.datasets.wear import wear
from app.examples.formats.columns import written_mapping
from app.projects.access import Engineer, Viewer
from app.web.idempotency import api_router
from app.web.paging import MAX_LIMIT, ListAnswer
from app.web.session import SessionDep

router = api_router("datasets")
router.include_router(version_api.router)
router.include_router(starters_api.router)
router.include_router(suite_api.router)
BASE = "/projects/{slug}/test-sets"
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]


class TestSetOut(BaseModel):
    __test__ = False
    id: str
    name: str
    kind: str
    size: int
    sealed_at: datetime | None
    content_hash: str | None
    uses: int
    warning: str | None
    previous_id: str | None
    edition: int
    origin: dict[str, Any]
    created_at: datetime

    @classmethod
    def of(cls, test_set: TestSet, uses: int, runs: int | None = None) -> "TestSetOut":
        """``runs``: scored on this set and on those that it takes over from; they decide the ``warning``."""
        names = set(cls.model_fields) - {"uses", "warning"}
        said = wear(uses if runs is None else runs, test_set.size).sentence or None
        return cls(uses=uses, warning=said, **{name: getattr(test_set, name) for name in names})


class LeftOutOut(BaseModel):
    example_id: str
    reason: str


class DraftOut(TestSetOut):
    left_out: list[LeftOutOut]


class CaseOut(BaseModel):
    id: str
    position: int
    example_id: str | None
    messages: list[Any]
    tools: list[Any] | None
    expected: dict[str, Any]
    behavior: str | None
    tags: list[str]
    content_hash: str

    @classmethod
    def of(cls, case: TestCase) -> "CaseOut":
        return cls.model_validate(case, from_attributes=True)


class ChangesOut(BaseModel):
    """``same``: cases with equal hashes, which runs on both versions can be compared by."""

    same: int
    added: int
    corrected: int
    removed: int


class Rejection(BaseModel):
    line: int
    reason: str


class UploadOut(BaseModel):
    """``rejected``: the first hundred; ``duplicates``: lines whose prompt the set has already; ``definitions``: evals
    and runs that stood in the file; ``mapping``: which column was taken for what."""

    added: int
    duplicates: int
    definitions: int
    format: str
    mapping: dict[str, Any] | None
    rejected: list[Rejection]
    rejected_count: int
    size: int


class SealPreview(BaseModel):
    """``moved``: examples that would leave the training pool, ``near`` of them because a case asks nearly the same.
    ``quarantined``: cases that forbid sealing, because something of their cluster stands in a frozen dataset version.
    ``unscanned``: prompts that were not compared with the cases yet; sealing compares them first."""

    size: int
    moved: int
    near: int
    unscanned: int
    quarantined: int
    quarantined_cases: list[str]


@router.get(BASE)
def list_sets(
    session: SessionDep, access: Viewer, limit: Limit = 50, cursor: str | None = None
) -> ListAnswer[TestSetOut]:
    found = queries.list_sets(session, access.project.id, cursor, limit)
    runs = edition_queries.runs_in_line(session, access.project.id)
    items = [TestSetOut.of(test_set, uses, runs[test_set.id]) for test_set, uses in found.items]
    return ListAnswer(items=items, next_cursor=found.next_cursor)


@router.post(BASE, status_code=201)
def draft(session: SessionDep, access: Engineer, new: NewTestSet) -> DraftOut:
    made = service.draft(session, access.user, access.project, new)
    left_out = [LeftOutOut(example_id=one.example_id, reason=one.reason) for one in made.left_out]
    return DraftOut(**TestSetOut.of(made.test_set, 0).model_dump(), left_out=left_out)


@router.get(BASE + "/{set_id}")
def get_set(session: SessionDep, access: Viewer, set_id: str) -> TestSetOut:
    test_set = service.load(session, access.project.id, set_id)
    runs = edition_queries.runs_in_line(session, access.project.id)
    return TestSetOut.of(test_set, queries.uses(session, test_set.id), runs[test_set.id])


@router.post(BASE + "/{set_id}/versions", status_code=201)
def new_version(session: SessionDep, access: Engineer, set_id: str, wanted: editions.Successor) -> TestSetOut:
    """A draft with all cases of this sealed set, to add to and to correct; the sealed one stays as it is."""
    return TestSetOut.of(editions.succeed(session, access.user, access.project.id, set_id, wanted.name), 0)


@router.get(BASE + "/{set_id}/changes")
def set_changes(session: SessionDep, access: Viewer, set_id: str) -> ChangesOut | None:
    """Against the version before; null for a set that takes over from none."""
    found = editions.changes(session, service.load(session, access.project.id, set_id))
    return ChangesOut(**vars(found)) if found else None


@router.delete(BASE + "/{set_id}", status_code=204)
def discard(session: SessionDep, access: Engineer, set_id: str) -> None:
    service.discard(session, access.user, access.project.id, set_id)


@router.get(BASE + "/{set_id}/cases")
def list_cases(
    session: SessionDep,
    access: Viewer,
    set_id: str,
    limit: Limit = 50,
    cursor: str | None = None,
    behavior: str | None = None,
    tag: str | None = None,
    q: str | None = None,
) -> ListAnswer[CaseOut]:
    test_set = service.load(session, access.project.id, set_id)
    found = queries.cases(session, test_set.id, behavior=behavior, tag=tag, q=q, cursor=cursor, limit=limit)
    return ListAnswer(items=[CaseOut.of(case) for case, _number in found.items], next_cursor=found.next_cursor)


@router.post(BASE + "/{set_id}/cases", status_code=201)
def add_cases(
    session: SessionDep,
    access: Engineer,
    set_id: str,
    file: UploadFile,
    format: Annotated[str, Form()] = "auto",
    mapping: Annotated[str, Form()] = "",
) -> UploadOut:
    """Any format of an import, packed or not (docs/formats.md). ``mapping``, JSON: which column of a table is what;
    without it they go by their names."""
    test_set = service.load_draft(session, access.project.id, set_id)
    name, size = file.filename or "upload", file.size or 0
    columns = written_mapping(mapping)
    report = upload.add_file(session, access.user, test_set, file.file, name, size, wanted=format, mapping=columns)
    rejected = [Rejection(line=line, reason=reason) for line, reason in report.rejected]
    return UploadOut(**vars(report) | {"rejected": rejected}, size=test_set.size)


@router.get(BASE + "/{set_id}/cases/{case_id}")
def get_case(session: SessionDep, access: Viewer, set_id: str, case_id: str) -> CaseOut:
    test_set = service.load(session, access.project.id, set_id)
    case = queries.case(session, test_set.id, case_id)
    if case is None:
        raise NotFound("This case")
    return CaseOut.of(case)


@router.patch(BASE + "/{set_id}/cases/{case_id}")
def correct_case(
    session: SessionDep, access: Engineer, set_id: str, case_id: str, correction: editions.Correction
) -> CaseOut:
    test_set = service.load_draft(session, access.project.id, set_id)
    return CaseOut.of(editions.correct(session, access.user, test_set, case_id, correction))


@router.delete(BASE + "/{set_id}/cases/{case_id}", status_code=204)
def remove_case(session: SessionDep, access: Engineer, set_id: str, case_id: str) -> None:
    test_set = service.load_draft(session, access.project.id, set_id)
    service.remove_cases(session, access.user, test_set, [case_id])


@router.get(BASE + "/{set_id}/seal-preview")
def seal_preview(session: SessionDep, access: Viewer, set_id: str) -> SealPreview:
    plan = service.seal_plan(session, service.load(session, access.project.id, set_id))
    cases = list(plan.quarantined)
    return SealPreview(
        size=plan.size,
        moved=plan.moved,
        near=seal_queries.count_near(session, set_id),
        unscanned=near.unscanned(session, access.project.id),
        quarantined=len(cases),
        quarantined_cases=cases,
    )


@router.post(BASE + "/{set_id}/seal")
def seal(session: SessionDep, access: Engineer, set_id: str) -> TestSetOut:
    return TestSetOut.of(service.seal(session, access.user, access.project.id, set_id), 0)
