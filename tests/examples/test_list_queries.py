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
    older: list[str] = []
    _, page = list_queries.page(session, project.id, wanted, cursor=None, limit=2)
    while True:
        older += [row.id for row in page.items]
        if page.next_cursor is None:
            break
        _, page = list_queries.page(session, project.id, wanted, cursor=page.next_cursor, limit=2)
    newer, cursor = [older[-1]], encode_cursor(older[-1])
    while cursor:
        _, page = list_queries.page(session, project.id, wanted, cursor=cursor, limit=2, direction="newer")
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
    assert few == (expected, expected)
    monkeypatch.setattr(list_queries, "COUNT_LIMIT", 3)
    assert walked(session, api.project, wanted) == (expected, expected)


def found(session: Session, project: Project, wanted: ExampleFilter, count_to: int) -> list_queries.Matches:
    return list_queries.page(session, project.id, wanted, cursor=None, limit=2, count_to=count_to)[0]


def test_counting_stops_and_says_so(api: Api, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        add(session, api.project, request=f"Refund {number}")
    monkeypatch.setattr(list_queries, "COUNT_LIMIT", 3)
    wanted = ExampleFilter(q="refund")
    stopped = found(session, api.project, wanted, 3)
    assert (stopped.number, stopped.exact) == (3, False)
    counted = found(session, api.project, wanted, 10)
    assert (counted.number, counted.exact) == (5, True)


def test_what_the_tallies_know_is_exact_and_follows_each_change(
    api: Api, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_queries, "COUNT_LIMIT", 1)
    refusing = [add(session, api.project, request=f"Refund {n}", behavior="refuse") for n in range(4)]
    add(session, api.project, request="Something else")
    wanted = ExampleFilter(behavior="refuse", status="to_review")
    assert found(session, api.project, wanted, 1) == list_queries.Matches(4, True)
    refusing[0].behavior, refusing[1].status = "answer", "approved"
    session.flush()
    assert found(session, api.project, wanted, 1) == list_queries.Matches(2, True)
    assert found(session, api.project, ExampleFilter(behavior="refuse"), 1) == list_queries.Matches(3, True)
    assert found(session, api.project, ExampleFilter(behavior="clarify"), 1) == list_queries.Matches(0, True)


def test_searches_are_planned_for_their_words(api: Api, session: Session) -> None:
    """A plan made once for all words walks a million rows for a word that nobody used."""
    for _ in range(8):
        list_queries.page(session, api.project.id, ExampleFilter(q="refund"), cursor=None, limit=2)
    kept = session.scalar(text("select count(*) from pg_prepared_statements where statement like '%to_tsquery%'"))
    assert kept == 0
