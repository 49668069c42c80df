"""What a monthly budget lets through: the pure choice, and the ledger of two runs at once."""

import asyncio
from typing import Any

import psycopg
import pytest
from sqlalchemy.orm import Session

from app.core.clock import utcnow
from app.core.db import conninfo
from app.core.ids import new_id
from app.gateway import budgets, ledger
from app.gateway.budgets import Standing, Wanted, choose
from app.gateway.models import PaidCall, ProjectBudget, Provider
from app.projects.models import Project
from tests.factories import Factory


def calls(*estimates: float | None, own: bool = False) -> list[Wanted]:
    return [Wanted(str(n), estimate, own) for n, estimate in enumerate(estimates)]


def test_the_first_call_that_is_not_covered_ends_it() -> None:
    found = choose(Standing(1.0, 0.5, 0.2), calls(0.1, 0.15, 0.3, 0.01))
    assert found.ids == ["0", "1"]
    assert found.refusal is not None
    assert "$1.00" in found.refusal
    assert "$0.5 is spent" in found.refusal
    assert "$0.2 held" in found.refusal


def test_without_a_price_a_call_goes_while_anything_is_left() -> None:
    assert choose(Standing(1.0, 0.9, 0.0), calls(None)).refusal is None
    assert choose(Standing(1.0, 1.0, 0.0), calls(None)).ids == []


def test_own_machines_are_never_held_back_for_nothing() -> None:
    assert choose(Standing(0.0, 0.0, 0.0), calls(None, 0.0, own=True)).ids == ["0", "1"]
    assert choose(Standing(0.0, 0.0, 0.0), calls(0.01, own=True)).ids == []


def test_no_limit_lets_everything_through() -> None:
    assert choose(Standing(None, 9e9, 0.0), calls(1.0)).ids == ["0"]


@pytest.fixture
def project(factory: Factory) -> Project:
    found = factory.project()
    factory.session.add(ProjectBudget(project_id=found.id, monthly_limit=1.0))
    factory.session.commit()
    return found


def planned(session: Session, project: Project, number: int, estimate: float | None, **fields: Any) -> list[str]:
    provider = session.query(Provider).first() or Provider(name="p", base_url="https://p.example/v1")
    session.add(provider)
    session.flush()
    subject = new_id()
    rows = [
        PaidCall(
            project_id=project.id, provider_id=provider.id, subject_id=subject, purpose="eval", item=str(n),
            cost_estimate=estimate, **fields,
        )
        for n in range(number)
    ]  # fmt: skip
    session.add_all(rows)
    session.commit()
    return [row.id for row in rows]


async def send(ids: list[str], began: asyncio.Event | None = None) -> ledger.Marked:
    connection = await psycopg.AsyncConnection.connect(conninfo(), autocommit=True)
    async with connection, connection.transaction(), connection.cursor() as cursor:
        return await ledger.mark_sent(cursor, "w", ids)


def test_two_runs_at_once_cannot_both_take_what_is_left(factory: Factory, project: Project) -> None:
    first, second = (planned(factory.session, project, 8, 0.1) for _ in range(2))

    async def both() -> list[ledger.Marked]:
        return await asyncio.gather(send(first), send(second))

    marked = asyncio.run(both())
    assert sum(len(one.sent) for one in marked) == 10
    assert sorted(len(one.over_budget) for one in marked) == [0, 6]
    assert [one.refusal is None for one in sorted(marked, key=lambda one: len(one.over_budget))] == [True, False]


def test_what_counts_against_the_month(factory: Factory, project: Project) -> None:
    """Costs where they are known, estimates where they are not, nothing for what was not billed or of last month."""
    now = utcnow()
    put = [
        {"state": "done", "cost": 0.25},
        {"state": "done"},
        {"state": "unknown"},
        {"state": "accepted"},
        {"state": "failed"},
        {"state": "sent"},
    ]
    for fields in put:
        planned(factory.session, project, 1, 0.1, sent_at=now, **fields)
    planned(factory.session, project, 1, 0.1, sent_at=now.replace(year=now.year - 1), state="done", cost=5.0)
    planned(factory.session, project, 3, 0.1)
    found = budgets.standing(factory.session, project.id)
    assert (found.spent, found.held, found.left) == (0.25, pytest.approx(0.4), pytest.approx(0.35))


def test_what_a_call_cost_frees_what_it_held(factory: Factory, project: Project) -> None:
    ids = planned(factory.session, project, 3, 0.6)

    async def go() -> tuple[ledger.Marked, ledger.Marked]:
        before = await send(ids)
        connection = await psycopg.AsyncConnection.connect(conninfo(), autocommit=True)
        async with connection, connection.cursor() as cursor:
            await ledger.finish(cursor, "w", [ledger.Finished(ids[0], "done", 0.01)])
        return before, await send(ids[1:])

    before, after = asyncio.run(go())
    assert before.sent == {ids[0]}
    assert after.sent == {ids[1]}
    assert after.over_budget == {ids[2]}


def test_of_another_project_nothing_counts(factory: Factory, project: Project) -> None:
    other = factory.project()
    planned(factory.session, other, 1, 0.1, sent_at=utcnow(), state="done", cost=100.0)
    assert budgets.standing(factory.session, project.id).spent == 0.0
    assert budgets.standing(factory.session, other.id).left is None
