"""Examples that are like one, under ``/api/v1``."""

from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel

from app.checks.similar import pages
from app.projects.access import Viewer
from app.web.idempotency import api_router
from app.web.paging import ListAnswer
from app.web.session import SessionDep

router = api_router("checks")


class SimilarExample(BaseModel):
    """``similarity`` of the requests, 0 to 1: by meaning where the model is installed, else by words."""

    example_id: str
    number: int
    similarity: float
    by: Literal["meaning", "words"]


@router.get("/projects/{slug}/examples/{example_id}/similar")
def find_similar(
    session: SessionDep, access: Viewer, example_id: str, limit: Annotated[int, Query(ge=1, le=100)] = 10
) -> ListAnswer[SimilarExample]:
    """The closest first."""
    page = pages.similar(session, access, example_id, limit)
    items = [
        SimilarExample.model_validate(
            {"example_id": one.example.id, "number": one.example.number, "similarity": one.similarity, "by": one.by}
        )
        for one in page.alike
    ]
    return ListAnswer(items=items)
