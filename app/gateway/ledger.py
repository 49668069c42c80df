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


SEND = (
    "update paid_calls c set state = 'sent', worker = %s, sent_at = clock_timestamp() "
    "where c.id = any(%s::uuid[]) and c.state = 'planned'"
)
WITHOUT_BUDGET = (
    " and not exists (select from project_budgets b where b.project_id = c.project_id and b.monthly_limit is not null)"
)


async def mark_sent(cursor: Cursor, worker: str, call_ids: Sequence[str]) -> Marked:
    """Take planned calls of one project for sending, as far as its budget covers them."""
    if not call_ids:
        return Marked(frozenset())
    await begin_sending(cursor, worker, call_ids)
    return await marked(cursor, worker, call_ids)


async def begin_sending(cursor: Cursor, worker: str, call_ids: Sequence[str]) -> None:
    """``mark_sent`` for a pipeline: ``marked`` must be asked, on the same cursor, for what came of it."""
    await _send(cursor, SEND + WITHOUT_BUDGET, worker, call_ids)


async def marked(cursor: Cursor, worker: str, call_ids: Sequence[str]) -> Marked:
    sent = await _ids(cursor)
    if len(sent) == len(call_ids):
        return Marked(sent)
    left = [call_id for call_id in call_ids if call_id not in sent]
    allowed = await budgets.within(cursor, left)
    await _send(cursor, SEND, worker, allowed.ids)
    sent |= await _ids(cursor)
    return Marked(sent, frozenset(left) - frozenset(allowed.ids), allowed.refusal)


async def put_back(cursor: Cursor, call_ids: Sequence[str]) -> None:
    """Calls that were marked in this transaction, and are not to be sent after all."""
    await cursor.execute(
        "update paid_calls set state = 'planned', worker = null, sent_at = null where id = any(%s::uuid[])",
        (list(call_ids),),
    )


async def _send(cursor: Cursor, statement: str, worker: str, call_ids: Sequence[str]) -> None:
    await cursor.execute(statement + " returning c.id::text", (worker, list(call_ids)))


async def _ids(cursor: Cursor) -> frozenset[str]:
    return frozenset(row[0] for row in await cursor.fetchall())


async def finish(cursor: Cursor, worker: str, calls: Sequence[Finished]) -> None:
    """Write how calls ended. Raises NotOurs, and then nothing must be committed."""
    await write_finished(cursor, worker, calls)
    check_finished(cursor, calls)


async def write_finished(cursor: Cursor, worker: str, calls: Sequence[Finished]) -> None:
    """``finish`` for a pipeline: once the cursor has its result, ``check_finished`` must be asked."""
    rows = [{"id": c.call_id, "state": c.state, "cost": c.cost, "error": c.error} for c in calls]
    await cursor.execute(
        "update paid_calls c set state = x.state, cost = x.cost, error = x.error, finished_at = clock_timestamp() "
        "from jsonb_to_recordset(%s::jsonb) as x(id uuid, state text, cost numeric, error jsonb) "
        "where c.id = x.id and c.state = 'sent' and c.worker = %s",
        (orjson.dumps(rows).decode(), worker),
    )


def check_finished(cursor: Cursor, calls: Sequence[Finished]) -> None:
    """Raises NotOurs, and then nothing must be committed."""
    if cursor.rowcount != len(calls):
        raise NotOurs(f"{len(calls) - cursor.rowcount} of {len(calls)} calls are not this worker's")


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
