"""The list is the same whether what matches was looked up first or the list was walked, in both directions."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.examples import list_queries
from app.examples.forms import ExampleFilter
from app.projects.models import Project
from app.web.paging import encode_cursor
from tests.examples.factories import Api, add


def walked(session: Session, project: Project, wanted: ExampleFilter) -> tuple[list[str], list[str]]:
    """Ids by following the older pages from the newest, then the newer ones back."""
    found = list_queries.matches(session, project.id, wanted)
    older: list[str] = []
    page = list_queries.page(session, project.id, wanted, found, cursor=None, limit=2)
    while True:
        older += [row.id for row in page.items]
        if page.next_cursor is None:
            break
        page = list_queries.page(session, project.id, wanted, found, cursor=page.next_cursor, limit=2)
    newer, cursor = [older[-1]], encode_cursor(older[-1])
    while cursor:
        page = list_queries.page(session, project.id, wanted, found, cursor=cursor, limit=2, direction="newer")
        newer = [row.id for row in page.items] + newer
        cursor = page.next_cursor or ""
    return older, newer


@pytest.mark.parametrize("wanted", [ExampleFilter(q="refund"), ExampleFilter(tag="money"), ExampleFilter()])
def test_few_matches_and_many_make_the_same_pages(
    api: Api, session: Session, wanted: ExampleFilter, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [add(session, api.project, request=f"Refund {number}", tags=["money"]).id for number in range(7)]
    add(session, api.project, request="Something else")
    expected = [
        one for one in walked(session, api.project, ExampleFilter())[0] if wanted == ExampleFilter() or one in ids
    ]
    few = walked(session, api.project, wanted)
    monkeypatch.setattr(list_queries, "COUNT_LIMIT", 3)
    assert few == walked(session, api.project, wanted) == (expected, expected)


def test_counting_stops_and_says_so(api: Api, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        add(session, api.project, request=f"Refund {number}")
    monkeypatch.setattr(list_queries, "COUNT_LIMIT", 3)
    wanted = ExampleFilter(q="refund")
    stopped = list_queries.matches(session, api.project.id, wanted, 3)
    assert (stopped.number, stopped.exact) == (3, False)
    counted = list_queries.matches(session, api.project.id, wanted, 10)
    assert (counted.number, counted.exact) == (5, True)


def test_searches_are_planned_for_their_words(api: Api, session: Session) -> None:
    """A plan made once for all words walks a million rows for a word that nobody used."""
    for _ in range(8):
        found = list_queries.matches(session, api.project.id, ExampleFilter(q="refund"))
        list_queries.page(session, api.project.id, ExampleFilter(q="refund"), found, cursor=None, limit=2)
    kept = session.scalar(text("select count(*) from pg_prepared_statements where statement like '%to_tsquery%'"))
    assert kept == 0
