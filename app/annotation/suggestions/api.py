"""Suggestions under ``/api/v1``."""

from pydantic import BaseModel

from app.annotation.assist.api import router_of
from app.annotation.suggestions import queries
from app.annotation.suggestions.kind import SUGGESTIONS
from app.projects.access import Viewer
from app.web.idempotency import api_router
from app.web.paging import ListAnswer
from app.web.session import SessionDep

router = api_router("annotation")


class RateOut(BaseModel):
    """How often people took over what a model suggested: unchanged, in part, or not at all."""

    model: str
    shown: int
    accepted: int
    edited: int
    rejected: int


@router.get("/projects/{slug}/suggestions/acceptance")
def acceptance(session: SessionDep, access: Viewer) -> ListAnswer[RateOut]:
    rates = queries.rates(session, access.project.id)
    return ListAnswer(items=[RateOut.model_validate(one, from_attributes=True) for one in rates])


router.include_router(router_of(SUGGESTIONS))
