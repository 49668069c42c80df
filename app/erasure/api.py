"""Erasures under ``/api/v1``: look, erase, list what was erased."""

from datetime import datetime

from pydantic import BaseModel

from app.erasure import queries, service
from app.erasure.forms import NewErasure, Person
from app.erasure.models import Erasure
from app.projects.access import Admin
from app.web.idempotency import api_router
from app.web.paging import ListAnswer
from app.web.session import SessionDep

router = api_router("erasure")
BASE = "/projects/{slug}/erasures"


class TrainedOut(BaseModel):
    """What lies in a version, a model or at a provider, and is not Holdout's to erase."""

    dataset_version: str
    fine_tune: int | None
    provider_file_id: str | None


class LookOut(BaseModel):
    """``rows`` counts by place; ``total`` is the ``expected_count`` of the erasure."""

    rows: dict[str, int]
    total: int
    trained: list[TrainedOut]


class ErasureOut(BaseModel):
    id: str
    reason: str
    erased: dict[str, int]
    created_by: str | None
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, erasure: Erasure) -> "ErasureOut":
        return cls.model_validate(erasure, from_attributes=True)


@router.get(BASE)
def list_erasures(session: SessionDep, access: Admin) -> ListAnswer[ErasureOut]:
    return ListAnswer(items=[ErasureOut.of(row) for row in queries.listing(session, access.project.id)])


@router.post(BASE + "/look")
def look(session: SessionDep, access: Admin, person: Person) -> LookOut:
    """Nothing is changed: answers where the person stands."""
    found = service.look(session, access.project, person)
    trained = [TrainedOut(dataset_version=v, fine_tune=n or None, provider_file_id=f) for v, n, f in found.trained]
    return LookOut(rows=dict(found.counts), total=found.total, trained=trained)


@router.post(BASE, status_code=201)
def erase(session: SessionDep, access: Admin, new: NewErasure) -> ErasureOut:
    return ErasureOut.of(service.erase(session, access.user, access.project, new))
