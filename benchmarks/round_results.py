"""How long do the results of a closed round take to open, with 2,000 pairs and 6 reviewers (12,000 votes)?

    python -m benchmarks.round_results [pairs] [reviewers]        (default 2000 6)

A real `holdout web` process answers over loopback, one request at a time. The votes are imported with their outputs,
every fourth says why, and the round is closed, by the product's own code. "worked out" is what the job behind the close
does. Beside them, in the same run: the first page of another kind that a new process answers, and the bare query of
all votes with the lengths of their outputs. Exit status 1 where the median of the later openings is over 200 ms.
"""

import http.client
import json
import random
import statistics
import sys
import time
from pathlib import Path

import psycopg

from app.core.db import transaction
from benchmarks.fresh import fresh_database
from benchmarks.pages import World, ask, figures, make_world, web

ASKED = 20
GOAL = 200.0  # milliseconds
SAYS = "It names the rule, says where it stands and stops there. "
REFERENCE = """
select v.winner, v.reviewer, v.criteria, v.seconds, p.id, p.candidate_a, p.candidate_b, p.tags,
       char_length(p.output_a), char_length(p.output_b)
from imported_votes v join imported_pairs p on p.id = v.pair_id where v.round_id = %s order by v.id
"""


def votes(path: Path, pairs: int, reviewers: int) -> None:
    rng = random.Random(11)
    with path.open("w") as file:
        for pair in range(pairs):
            lengths = rng.randint(3, 20), rng.randint(3, 20)
            line = {
                "prompt": f"Request {pair}: where does it say so?", "candidate_a": "base", "candidate_b": "tuned",
                "output_a": f"A{pair}. " + SAYS * lengths[0], "output_b": f"B{pair}. " + SAYS * lengths[1],
                "tags": [f"topic {pair % 12}"],
            }  # fmt: skip
            for reviewer in range(reviewers):
                said = {"rationale": f"Shorter by {reviewer}"} if rng.random() < 0.25 else {}
                winner = rng.choices(("a", "b", "tie", "both_bad"), (35, 45, 15, 5))[0]
                own = {"reviewer": f"Reviewer {reviewer}", "winner": winner, "seconds": rng.randint(5, 90)}
                file.write(json.dumps(line | own | said) + "\n")


def fill(world: World, folder: Path, pairs: int, reviewers: int) -> str:
    from sqlalchemy import select

    from app.accounts.models import User
    from app.preferences import service
    from app.preferences.imported import service as imported
    from app.preferences.imported.forms import NewImportRound
    from app.projects.access import Access
    from app.projects.models import Project

    votes(folder / "votes.jsonl", pairs, reviewers)
    with transaction() as session:
        access = Access(session.scalars(select(User)).one(), session.get_one(Project, world.project_id), "admin")
        round_ = imported.open_round(session, access, NewImportRound(source="import"))
        imported.import_votes(session, access, round_, folder / "votes.jsonl", "votes.jsonl")
        service.close_round(session, access, round_)
        round_id = round_.id
    with psycopg.connect(world.dsn, autocommit=True) as connection:
        for table in ("imported_votes", "imported_pairs"):
            connection.execute(f"vacuum analyze {table}")
    return round_id


def worked_out(round_id: str) -> float:
    from app.preferences.jobs import results

    begun = time.perf_counter()
    results(round_id)
    return (time.perf_counter() - begun) * 1000


def bearer(world: World) -> World:
    from sqlalchemy import select

    from app.accounts import service as accounts
    from app.accounts.models import User

    with transaction() as session:
        _row, token = accounts.make_token(session, session.scalars(select(User)).one(), "bench")
    return World(token, world.dsn, world.project_id)


def ask_api(connection: http.client.HTTPConnection, world: World, path: str) -> float:
    begun = time.perf_counter()
    connection.request("GET", path, headers={"Authorization": f"Bearer {world.cookie}"})
    response = connection.getresponse()
    body = response.read()
    if response.status != 200:
        raise RuntimeError(f"{path}: {response.status} {body[:200]!r}")
    return (time.perf_counter() - begun) * 1000


def bare(world: World, round_id: str) -> float:
    times = []
    with psycopg.connect(world.dsn) as connection:
        for _ in range(ASKED):
            begun = time.perf_counter()
            connection.execute(REFERENCE, (round_id,)).fetchall()
            times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


def measure(world: World, round_id: str) -> bool:
    token = bearer(world)
    page, api = f"/p/bench/rounds/{round_id}", f"/api/v1/projects/bench/preference-rounds/{round_id}/results"
    print(f"  worked out by the job         {worked_out(round_id):>8.0f} ms")
    with web(world) as connection:
        print(f"  any first page of a process   {ask(connection, world, '/p/bench/rounds'):>8.0f} ms")
        print(f"  results, first opening        {ask(connection, world, page):>8.0f} ms")
        medians = []
        for name, one, at in (("results", ask, page), ("results in the API", ask_api, api)):
            p50, p95 = figures([one(connection, token if one is ask_api else world, at) for _ in range(ASKED)])
            medians.append(p50)
            print(f"  {name:<29} {p50:>8.1f} ms p50 {p95:>8.1f} ms p95    goal {GOAL:.0f}")
    print(f"  bare query of the votes       {bare(world, round_id):>8.1f} ms at the median")
    return max(medians) <= GOAL


def main(pairs: int, reviewers: int) -> int:
    with fresh_database() as (dsn, home):
        world = make_world(dsn)
        round_id = fill(world, home, pairs, reviewers)
        print(f"{pairs:,} pairs × {reviewers} reviewers, {pairs * reviewers:,} votes")
        return int(not measure(world, round_id))


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]] or [2_000, 6]
    sys.exit(main(given[0], given[1] if len(given) > 1 else 6))
