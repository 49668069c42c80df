"""Answers that other runs of the project got to exactly the same requests: taken over before anything is sent.

Whole answers alone, and never a copy of a copy. Runs of an open blind round are left out: whoever votes on them may see
this run. For the same reason whoever has opened outputs of those runs counts as having seen this one's.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from app.evals.runner.along import Came
from app.evals.runner.outputs import OutputWork, Request
from app.evals.runner.store import Call, Ended, RunStore
from app.gateway.ledger import Cursor, Finished

AT_A_TIME = 256
COLUMNS = ("text", "tool_calls", "finish_reason", "model_returned", "input_tokens", "output_tokens")
# Locked until the copy is stored, so that an erasure finds either both or waits
FIND = f"""
select encode(h.digest, 'hex'), o.run_id::text, o.id::text, {", ".join(f"o.{name}" for name in COLUMNS)}
from unnest(%(digests)s::bytea[]) h(digest) cross join lateral (
  select o.* from outputs o join eval_runs r on r.id = o.run_id
  where o.request_sha256 = h.digest and o.status = 'complete' and o.reused_from is null and r.id <> %(run)s
    and r.project_id = (select project_id from eval_runs where id = %(run)s)
    and not exists (select from run_blinds b where b.run_id = r.id)
  order by o.created_at desc limit 1 for share of o
) o
"""  # noqa: S608 (constants)
NOT_TO_SEND = "delete from paid_calls where id = any(%s::uuid[]) and state = 'planned'"
COUNT = """
insert into run_reuses (run_id, source_run_id, outputs) values (%s, %s, %s)
on conflict (run_id, source_run_id) do update set outputs = run_reuses.outputs + excluded.outputs
"""
SEEN = """
insert into run_views (run_id, user_id)
select distinct %s::uuid, user_id from run_views where run_id = any(%s::uuid[]) on conflict do nothing
"""


async def reuse(store: RunStore, work: OutputWork, calls: Sequence[Call]) -> list[Call]:
    """Store the outputs that can be taken over; the calls that have to be sent all the same."""
    left: list[Call] = []
    for start in range(0, len(calls), AT_A_TIME):
        batch = calls[start : start + AT_A_TIME]
        requests = {call.id: await work.request(call, batch) for call in batch}
        taken = await _take(store, work, batch, requests)
        left += [call for call in batch if call.id not in taken]
    return left


async def _take(
    store: RunStore, work: OutputWork, calls: Sequence[Call], requests: Mapping[str, Request]
) -> frozenset[str]:
    """Ids of the calls whose outputs are stored now, in one transaction that proves the lease."""
    rows: dict[str, dict[str, Any]] = {}
    async with store.connection.transaction(), store.connection.cursor() as cursor:
        found, sources = await _find(cursor, store.run_id, {request.digest for request in requests.values()})
        for call in calls:
            request = requests[call.id]
            if request.digest in found:
                rows[call.id] = work.taken_over(call, request, found[request.digest])
        if rows:
            free = [Ended(Finished(call_id, "done", row["cost"]), row) for call_id, row in rows.items()]
            await store.proven(await store.count(free))
            await store.insert(cursor, list(rows.values()))
            await cursor.execute(NOT_TO_SEND, (list(rows),))
            await _remember(cursor, store.run_id, Counter(sources[row["reused_from"]] for row in rows.values()))
    came: list[Came] = [(row, requests[call_id].case) for call_id, row in rows.items()]
    work.came(came)
    return frozenset(rows)


async def _find(cursor: Cursor, run_id: str, digests: set[str]) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """(answer by digest, run by output): the newest answer to each request."""
    wanted = [bytes.fromhex(digest) for digest in digests]
    await cursor.execute(FIND, {"digests": wanted, "run": run_id})
    found, sources = {}, {}
    for digest, source, output_id, *answer in await cursor.fetchall():
        found[digest] = dict(zip(COLUMNS, answer, strict=True)) | {"reused_from": output_id}
        sources[output_id] = source
    return found, sources


async def _remember(cursor: Cursor, run_id: str, sources: Counter[str]) -> None:
    for source, outputs in sorted(sources.items()):
        await cursor.execute(COUNT, (run_id, source, outputs))
    await cursor.execute(SEEN, (run_id, list(sources)))
