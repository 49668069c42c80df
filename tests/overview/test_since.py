"""What is new since a person last looked."""

import html
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from app.core.clock import utcnow
from app.core.ids import first_id, new_id
from app.evals.blind import blind
from app.overview.models import ProjectVisit
from tests.decisions.factories import ACCURACY, Desk
from tests.examples.factories import add
from tests.factories import Factory


@pytest.fixture
def desk(client: TestClient, factory: Factory) -> Desk:
    found = Desk(client, factory)
    factory.sign_in(client, found.owner)
    return found


def overview(desk: Desk) -> str:
    return html.unescape(desk.client.get(f"/p/{desk.project.slug}").text)


def away(desk: Desk, hours: float) -> None:
    """They last looked so long ago."""
    session = desk.factory.session
    session.execute(update(ProjectVisit).values(at=utcnow() - timedelta(hours=hours)))
    session.commit()


def test_ids_begin_where_the_moment_does() -> None:
    before, now, after = new_id(), utcnow() + timedelta(milliseconds=2), utcnow() + timedelta(seconds=5)
    assert before < first_id(now) < first_id(after)


def test_news_of_a_second_visit(desk: Desk) -> None:
    assert "Since you last looked" not in overview(desk)
    away(desk, 1)
    assert "Since you last looked" not in overview(desk), "nothing is new"
    away(desk, 1)
    desk.set_gates(ACCURACY)
    desk.measure()
    desk.end_runs_now()
    desk.sign()
    add(desk.factory.session, desk.project)
    for _ in range(2):  # within one visit they stay
        page = overview(desk)
        assert "Since you last looked" in page
        assert "1 new example" in page
        assert f"Run {desk.tuned_run.number} of Tuned succeeded" in page
        assert f"{desk.owner.name} signed “ship” for Tuned" in page
    away(desk, 1)
    row = desk.factory.session.scalars(select(ProjectVisit)).one()
    row.at = utcnow()
    row.since = utcnow()
    desk.factory.session.commit()
    assert "Since you last looked" not in overview(desk)


def test_a_blind_voter_hears_nothing_of_the_run(desk: Desk) -> None:
    overview(desk)
    away(desk, 1)
    desk.measure()
    desk.end_runs_now()
    session = desk.factory.session
    blind(session, desk.tuned_run.id, [desk.tuned_run.id], [desk.owner.id])
    session.commit()
    page = overview(desk)
    assert "of Base succeeded" in page
    assert "of Tuned succeeded" not in page
