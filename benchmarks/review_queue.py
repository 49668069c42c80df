"""Submit and next by 16 annotators, beside what the database alone can do in the same run.

    python -m benchmarks.review_queue [--seconds 15]

The annotators' client shares the cores with two web processes and the database. The database's own limit: as many
connections, each transaction takes the next example past the locks of others, stores a verdict, sets the status.
"""

import argparse
import asyncio
import time

import psutil
import psycopg

from tests.faults.annotators import Journal, judge, work
from tests.faults.review_stage import Stage, set_up

ANNOTATORS = 16
BARE = """
with next as (select id, project_id from examples where project_id = %s and status = 'to_review' order by id limit 1
              for update skip locked),
     said as (insert into annotations (id, project_id, example_id, revision, annotator_id, verdict, note, flagged,
                                       before)
              select gen_random_uuid(), project_id, id, 1, %s, 'approve', '', false, '{}' from next)
update examples set status = 'approved', updated_at = now() where id = (select id from next)
"""


async def bare(stage: Stage, seconds: float) -> float:
    """Decisions a second."""
    until, done = time.monotonic() + seconds, 0

    async def one(connection: psycopg.AsyncConnection[tuple[object, ...]], user: object) -> None:
        nonlocal done
        while time.monotonic() < until:
            async with connection.transaction():
                await connection.execute(BARE, (project, user))
            done += 1

    connections = [await psycopg.AsyncConnection.connect(stage.dsn, autocommit=True) for _ in range(ANNOTATORS)]
    cursor = await connections[0].execute("select id from users where email like 'annotator%'")
    users = [row[0] for row in await cursor.fetchall()]
    project = (await (await connections[0].execute("select id from projects")).fetchall())[0][0]
    await asyncio.gather(*(one(connection, user) for connection, user in zip(connections, users, strict=True)))
    for connection in connections:
        await connection.close()
    return done / seconds


def processor_seconds(stage: Stage) -> tuple[float, float, float]:
    """(of the web processes, of the database's, of this one)"""
    webs = [psutil.Process(web.process.pid) for web in stage.webs]
    backends = [one for one in psutil.process_iter(["name"]) if one.info["name"] == "postgres"]
    return _spent(webs), _spent(backends), time.process_time()


def _spent(processes: list[psutil.Process]) -> float:
    return sum(times.user + times.system for times in (one.cpu_times() for one in processes))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15)
    seconds = parser.parse_args().seconds
    with set_up(annotators=ANNOTATORS, examples=int(seconds * 700) + 5_000) as stage:
        asyncio.run(work(stage, Journal(), seconds=2))
        before = processor_seconds(stage)
        seen, _kills = asyncio.run(work(stage, Journal(), seconds=seconds))
        spent = [after - at_first for after, at_first in zip(processor_seconds(stage), before, strict=True)]
        judged = judge(stage.dsn, Journal(), 1)
        limit = asyncio.run(bare(stage, 5))
    print(f"submit and next, {ANNOTATORS} annotators, two web processes: {seen.figures(seconds)}")
    each = [1000 * part / max(len(seen.decided), 1) for part in spent]
    print(f"processor time a decision: web {each[0]:.1f} ms, database {each[1]:.1f} ms, client {each[2]:.1f} ms")
    print(f"double hand-outs: {judged.over + judged.doubled} · the database alone: {limit:.0f} decisions/s")


if __name__ == "__main__":
    main()
