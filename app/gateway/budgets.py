"""What a project may spend on paid calls in a calendar month (UTC), checked in the transaction that marks them sent.

The row of the budget is locked first, so that two runs of one project cannot both take what is left. Counted are the
calls that were sent this month: what they cost where that is known, otherwise what they may cost at most. Calls that
failed without being billed count nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncCursor
from sqlalchemy.orm import Session

from app.core.errors import Conflict

# by the database's clock, which is that of ``sent_at``
MONTH = "date_trunc('month', clock_timestamp() at time zone 'utc') at time zone 'utc'"
HELD = "case when c.cost is null and c.state <> 'failed' then coalesce(c.cost_estimate, 0) else 0 end"
LOCK = (
    "select b.monthly_limit::float8, b.project_id::text from project_budgets b "
    "where b.monthly_limit is not null and b.project_id in "
    "(select c.project_id from paid_calls c where c.id = any(%(ids)s::uuid[])) for update of b"
)
USED = (
    f"select coalesce(sum(c.cost), 0)::float8, coalesce(sum({HELD}), 0)::float8, "  # noqa: S608 (constants)
    "count(*) filter (where c.cost is null and c.cost_estimate is null and c.state <> 'failed' "
    "and p.kind <> 'local_engine') "
    "from paid_calls c join providers p on p.id = c.provider_id "
    f"where c.project_id = %(project)s and c.sent_at >= {MONTH}"
)
WANTED = (
    "select c.id::text, c.cost_estimate::float8, p.kind = 'local_engine' from paid_calls c "
    "join providers p on p.id = c.provider_id where c.id = any(%(ids)s::uuid[])"
)
DUST = 1e-9  # dollars: what adding up floats may leave
LIMIT = "select b.monthly_limit::float8 from project_budgets b where b.project_id = %(project)s"


class OverBudget(Conflict):
    """The project's budget does not cover the next paid call."""


@dataclass(frozen=True)
class Standing:
    """In dollars, this month: the limit (None: there is none), what is spent, and what calls under way or without a
    known cost may cost at most. ``unpriced`` calls went to paid providers without a price: they count as nothing."""

    limit: float | None
    spent: float
    held: float
    unpriced: int = 0

    @property
    def left(self) -> float | None:
        return None if self.limit is None else max(0.0, self.limit - self.spent - self.held)


@dataclass(frozen=True)
class Wanted:
    """A call that waits to be sent. ``estimate``: dollars at most, None without a price; ``own``: on own machines."""

    id: str
    estimate: float | None
    own: bool


@dataclass(frozen=True)
class Allowed:
    """Ids of the calls that may be sent, and why the others may not (None: all may)."""

    ids: list[str]
    refusal: str | None = None


def choose(standing: Standing, calls: Sequence[Wanted]) -> Allowed:
    """The calls that what is left covers, in their order; the first that it does not cover ends it. Pure.

    A call without a price goes while anything is left; own machines cost nothing and are never held back for it.
    """
    if standing.limit is None:
        return Allowed([call.id for call in calls])
    left = standing.limit - standing.spent - standing.held
    allowed: list[str] = []
    for call in calls:
        cost = call.estimate or 0.0
        if not (call.own and not cost) and (left < DUST or cost > left + DUST):
            return Allowed(allowed, refusal(standing, cost))
        left -= cost
        allowed.append(call.id)
    return Allowed(allowed)


def refusal(standing: Standing, cost: float) -> str:
    """What a person reads where work stopped."""
    held = f", {_dollars(standing.held)} held by calls under way" if standing.held else ""
    next_one = f" and the next call may cost {_dollars(cost)}" if cost else ""
    return (
        f"The project's monthly budget of {_dollars(standing.limit or 0.0)} stops this before the next paid call: "
        f"{_dollars(standing.spent)} is spent this month{held}{next_one}. An engineer can raise it under Cost."
    )


def outlook(standing: Standing, adds: float | None) -> str:
    """Before a launch: what it may add to the month, and what is left of the budget. Empty without a budget."""
    if standing.limit is None or standing.left is None:
        return ""
    left = f"{_dollars(standing.left)} is left of this month's budget of {_dollars(standing.limit)}"
    if adds is None:
        return f"{left}; what this adds is not known, because a price is missing."
    if adds > standing.left:
        return f"Only {left}, and this may cost {_dollars(adds)}: it will stop before the call that would exceed it."
    return f"{left}; this adds {_dollars(adds)} at most."


def _dollars(value: float) -> str:
    return f"${value:,.2f}" if value >= 1 or value == 0 else f"${value:.6f}".rstrip("0")


async def within(cursor: AsyncCursor[Any], call_ids: Sequence[str]) -> Allowed:
    """Which of these calls of one project may be sent; holds the budget's row until the transaction ends."""
    await cursor.execute(LOCK, {"ids": list(call_ids)})
    budget = await cursor.fetchone()
    if budget is None:
        return Allowed(list(call_ids))
    await cursor.execute(USED, {"project": budget[1]})
    used = await cursor.fetchone()
    assert used is not None
    await cursor.execute(WANTED, {"ids": list(call_ids)})
    return choose(Standing(budget[0], *used), _in_order(call_ids, await cursor.fetchall()))


def require(session: Session, call_id: str) -> None:
    """``within`` for one call in a session. Raises OverBudget."""
    driver = session.connection()
    budget = driver.exec_driver_sql(LOCK, {"ids": [call_id]}).first()
    if budget is None:
        return
    used = driver.exec_driver_sql(USED, {"project": budget[1]}).one()
    wanted = driver.exec_driver_sql(WANTED, {"ids": [call_id]}).all()
    found = choose(Standing(budget[0], *used), _in_order([call_id], wanted))
    if found.refusal:
        raise OverBudget(found.refusal)


def standing(session: Session, project_id: str) -> Standing:
    """What a project may spend this month, and what it has."""
    driver = session.connection()
    limit = driver.exec_driver_sql(LIMIT, {"project": project_id}).scalar()
    return Standing(limit, *driver.exec_driver_sql(USED, {"project": project_id}).one())


def _in_order(call_ids: Sequence[str], rows: Sequence[Any]) -> list[Wanted]:
    known = {row[0]: Wanted(*row) for row in rows}
    return [known[call_id] for call_id in call_ids if call_id in known]
