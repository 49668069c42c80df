"""The ledger of calls that may cost money: planned → sent → done, failed or unknown. SQL on a cursor of the caller's.

``sent`` is committed before the first byte leaves. A row that is ``sent`` while its worker is gone may have been
billed: it becomes ``unknown``, and only a person sends it again. ``worker`` is the sender's fencing token, so that a
worker that was given up cannot finish a call that was taken from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from psycopg import AsyncCursor

from app.gateway import budgets

Cursor = AsyncCursor[Any]


@dataclass(frozen=True)
class Finished:
    """How a sent call ended: ``state`` is done, failed or unknown; ``cost`` in dollars where it is known."""

    call_id: str
    state: str
    cost: float | None = None
    error: dict[str, Any] | None = None


@dataclass(frozen=True)
class Marked:
    """Ids of the calls that may be sent once this is committed, and of those that the project's budget held back;
    ``refusal`` says in words why. A call in neither was not planned any more."""

    sent: frozenset[str]
    over_budget: frozenset[str] = frozenset()
    refusal: str | None = None


class NotOurs(Exception):
    """A call that this worker wants to finish is not sent by it any more: somebody else decided about it."""


async def mark_sent(cursor: Cursor, worker: str, call_ids: Sequence[str]) -> Marked:
    """Take planned calls of one project for sending, as far as its budget covers them."""
    if not call_ids:
        return Marked(frozenset())
    allowed = await budgets.within(cursor, call_ids)
    await cursor.execute(
        "update paid_calls set state = 'sent', worker = %s, sent_at = clock_timestamp() "
        "where id = any(%s::uuid[]) and state = 'planned' returning id::text",
        (worker, allowed.ids),
    )
    sent = frozenset(row[0] for row in await cursor.fetchall())
    return Marked(sent, frozenset(call_ids) - frozenset(allowed.ids), allowed.refusal)


async def finish(cursor: Cursor, worker: str, calls: Sequence[Finished]) -> None:
    """Write how calls ended. Raises NotOurs, and then nothing must be committed."""
    rows = [{"id": c.call_id, "state": c.state, "cost": c.cost, "error": c.error} for c in calls]
    await cursor.execute(
        "update paid_calls c set state = x.state, cost = x.cost, error = x.error, finished_at = clock_timestamp() "
        "from jsonb_to_recordset(%s::jsonb) as x(id uuid, state text, cost numeric, error jsonb) "
        "where c.id = x.id and c.state = 'sent' and c.worker = %s",
        (orjson.dumps(rows).decode(), worker),
    )
    if cursor.rowcount != len(rows):
        raise NotOurs(f"{len(rows) - cursor.rowcount} of {len(rows)} calls are not this worker's")


async def plan_again(cursor: Cursor, call_ids: Sequence[str]) -> dict[str, str]:
    """A new attempt for calls that certainly were not billed. Answers the new call's id by the old one's."""
    await cursor.execute(
        "insert into paid_calls "
        "(id, project_id, provider_id, subject_id, purpose, item, attempt, state, cost_estimate) "
        "select gen_random_uuid(), project_id, provider_id, subject_id, purpose, item, attempt + 1, 'planned', "
        "cost_estimate from paid_calls where id = any(%s::uuid[]) returning id::text, item",
        (list(call_ids),),
    )
    by_item = {item: call_id for call_id, item in await cursor.fetchall()}
    await cursor.execute("select id::text, item from paid_calls where id = any(%s::uuid[])", (list(call_ids),))
    return {call_id: by_item[item] for call_id, item in await cursor.fetchall()}


async def give_up(cursor: Cursor, subject_id: str, purpose: str) -> int:
    """What a worker that is gone had sent and not finished becomes unknown. Answers how many."""
    await cursor.execute(
        "update paid_calls set state = 'unknown', finished_at = clock_timestamp(), "
        "error = jsonb_build_object('kind', 'worker_gone', 'message', "
        "'The worker stopped while this call was under way: it may have been answered, and billed.') "
        "where subject_id = %s and purpose = %s and state = 'sent'",
        (subject_id, purpose),
    )
    return cursor.rowcount


async def held(cursor: Cursor, subject_id: str) -> float:
    """Dollars that calls under way or unknown may still cost, by their estimates."""
    await cursor.execute(
        "select coalesce(sum(cost_estimate), 0)::float8 from paid_calls "
        "where subject_id = %s and state in ('sent', 'unknown')",
        (subject_id,),
    )
    row = await cursor.fetchone()
    return float(row[0]) if row else 0.0


async def count(cursor: Cursor, subject_id: str, purpose: str, state: str) -> int:
    await cursor.execute(
        "select count(*) from paid_calls where subject_id = %s and purpose = %s and state = %s",
        (subject_id, purpose, state),
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0
