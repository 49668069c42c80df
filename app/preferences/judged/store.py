"""What the worker reads and writes of a judge, with the lease and the steps of a run's store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg

from app.evals.runner.lease import leased
from app.evals.runner.stages import Stage
from app.evals.runner.store import RunStore, leased_connection
from app.preferences.judged.queries import PURPOSE

STAGE = Stage(
    PURPOSE,
    "insert into round_judgements (id, judge_id, pair_id, imported_pair_id, turn, call_id, status, label, reason, "
    "problem, model_returned, cost) select * from jsonb_to_recordset(%s::jsonb) as x(id uuid, judge_id uuid, "
    "pair_id uuid, imported_pair_id uuid, turn text, call_id uuid, status text, label text, reason text, problem text, "
    "model_returned text, cost numeric)",
    "select c.id::text, c.item, c.provider_id::text, c.cost_estimate::float8 from paid_calls c "
    "where c.subject_id = %s and c.purpose = %s and c.state = 'planned' order by c.item",
    "update round_judges set done = done + %(rows)s, failed = failed + %(bad)s, "
    "cost = case when %(known)s::float8 is null then cost else coalesce(cost, 0) + %(cost)s end, "
    "lease_expires_at = clock_timestamp() + make_interval(secs => %(lease_seconds)s) "
    "where id = %(run)s and lease = %(lease)s and status = 'running' "
    "returning cancel_requested_at is not null, budget::float8, coalesce(cost, 0)::float8",
)


class JudgeStore(RunStore):
    """``run_id`` is the judge's id."""

    table = leased("round_judges", (PURPOSE,))

    def __init__(self, connection: psycopg.AsyncConnection[Any], judge_id: str) -> None:
        super().__init__(connection, judge_id)
        self.stage = STAGE


@asynccontextmanager
async def open_store(judge_id: str) -> AsyncIterator[JudgeStore]:
    async with leased_connection() as connection:
        yield JudgeStore(connection, judge_id)
