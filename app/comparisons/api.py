"""Comparisons under ``/api/v1``: what a pair of candidates shows, and the cases behind each number."""

from typing import Annotated

from fastapi import Query

from app.comparisons import cases, choice, exporting, service, worked_out
from app.comparisons.answers import CaseOut, ComparisonOut
from app.comparisons.forms import CaseFilter, Wanted
from app.projects.access import Viewer
from app.web.idempotency import api_router
from app.web.paging import ListAnswer
from app.web.session import SessionDep

router = api_router("comparisons")
BASE = "/projects/{slug}/comparisons"


@router.get(BASE)
def get_comparison(session: SessionDep, access: Viewer, wanted: Annotated[Wanted, Query()]) -> ComparisonOut:
    """409 where a side has no complete run on a set: ``detail`` says what to measure first."""
    return exporting.answer(session, service.compare(session, access, wanted))


@router.get(BASE + "/cases")
def list_cases(session: SessionDep, access: Viewer, wanted: Annotated[CaseFilter, Query()]) -> ListAnswer[CaseOut]:
    """Cases with both answers, by ``outcome`` in the main metric of their set or in the ``metric`` named."""
    pairs = choice.run_pairs(session, access, choice.sides(session, access, wanted), wanted.test_set)
    found = worked_out.of_pairs(session, access.project.id, pairs).material
    page = cases.page(session, access, pairs, found, wanted)
    return ListAnswer(items=[CaseOut.of(shown) for shown in page.items], next_cursor=page.next_cursor)
