"""Starter cases under ``/api/v1``."""

from pydantic import BaseModel

from app.datasets import service as sets
from app.datasets.starters import catalogue, service
from app.projects.access import Engineer, Viewer
from app.web.idempotency import api_router
from app.web.paging import ListAnswer
from app.web.session import SessionDep

router = api_router("datasets")


class StarterOut(BaseModel):
    """``request`` speaks of the project; what stands in brackets is to be filled. ``watch``: what would be wrong."""

    template: str
    kind: str
    request: str
    behavior: str
    watch: str


class AddedOut(BaseModel):
    added: int
    size: int


@router.get("/projects/{slug}/starter-cases")
def list_starters(access: Viewer) -> ListAnswer[StarterOut]:
    found = catalogue.filled(access.project.name, access.project.labels)
    items = [
        StarterOut(template=t.key, kind=t.kind, request=t.request, behavior=t.behavior, watch=t.watch) for t in found
    ]
    return ListAnswer(items=items, next_cursor=None)


@router.post("/projects/{slug}/test-sets/{set_id}/starter-cases", status_code=201)
def add_starters(session: SessionDep, access: Engineer, set_id: str, wanted: service.Starters) -> AddedOut:
    test_set = sets.load_draft(session, access.project.id, set_id)
    added = service.add(session, access.user, access.project, test_set, wanted.cases)
    return AddedOut(added=added, size=test_set.size)
