"""Server time of the list of examples at 100,000 and at 1,000,000 rows, beside the bare keyset query in the same run.

    python -m benchmarks.pages [small] [large]        (default 100000 1000000; a large of 0 leaves it out)

A real web process answers over loopback, one request at a time. Printed is the time by the server's own clock
(`benchmarks.timed_web`), and what the client saw from asking to having read the whole page. Each kind of page is asked
for in many variants (other words, other tags, other places), warm, in random order.
"""

import http.client
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import psycopg

from app.core.ids import new_id
from app.web.paging import encode_cursor
from benchmarks.fresh import fresh_database

WORDS = 5_000
TAGS = [f"topic-{number}" for number in range(40)]
STATUSES = (("to_review", 0.35), ("approved", 0.5), ("rejected", 0.1), ("needs_work", 0.05))
BEHAVIORS = ((None, 0.6), ("answer", 0.25), ("refuse", 0.05), ("clarify", 0.05), ("escalate", 0.05))
PORT = 8599
ASKED = 60
Paths = Callable[[random.Random], str]


@dataclass(frozen=True)
class World:
    cookie: str
    dsn: str
    project_id: str


def vocabulary() -> tuple[list[str], Any]:
    """Made-up words by rank, and how often each comes (Zipf, as in real text)."""
    rng = random.Random(3)
    words = ["".join(rng.choices("abcdefghijklmnoprstuvwy", k=rng.randint(4, 9))) for _ in range(WORDS)]
    weights = 1 / (np.arange(WORDS) + 10.0)
    return words, weights / weights.sum()


EXAMPLES = (
    "examples (id, project_id, revision, status, behavior, tags, split, fingerprint_unit, group_unit, request, answer)"
)
REVISIONS = (
    "revisions (id, project_id, example_id, number, messages, extra, behavior, tags, fingerprint_unit, group_unit, "
    "content_hash, reason)"
)


def fill(world: World, rows: int, first: int) -> None:
    """COPY examples and their revisions, 45 words each."""
    with psycopg.connect(world.dsn, autocommit=True) as connection:
        for begin in range(first, first + rows, 20_000):
            lines = list(made(world, begin, min(20_000, first + rows - begin)))
            with connection.transaction():
                put(connection, EXAMPLES, [one for one, _ in lines])
                put(connection, REVISIONS, [one for _, one in lines])
        connection.execute("vacuum analyze examples")
        connection.execute("vacuum analyze revisions")


def made(world: World, first: int, rows: int) -> Iterator[tuple[str, str]]:
    """(line of examples, line of revisions) in COPY's text format."""
    rng, (words, weights) = np.random.default_rng(first), vocabulary()
    texts = np.array(words)[rng.choice(WORDS, (rows, 45), p=weights)]
    for number, said in enumerate(texts, first):
        request, answer = f"Ticket {number} {' '.join(said[:15])}", " ".join(said[15:])
        status, behavior = pick(STATUSES, rng.random()), pick(BEHAVIORS, rng.random()) or "\\N"
        one_id, unit, shared = new_id(), f"fp:{number:032x}", f"{behavior}\t{{{TAGS[number * 7 % len(TAGS)]}}}"
        turns = [{"role": "user", "content": request}, {"role": "assistant", "content": answer}]
        stands = f"{one_id}\t{world.project_id}\t1\t{status}\t{shared}\ttrain\t{unit}\t{unit}"
        content = f"{one_id}\t1\t{orjson.dumps(turns).decode()}\t{{}}\t{shared}\t{unit}\t{unit}\t{number:064x}\t"
        yield f"{stands}\t{request}\t{answer}", f"{new_id()}\t{world.project_id}\t{content}"


def pick(choices: tuple[tuple[Any, float], ...], at: float) -> Any:
    for value, share in choices:
        at -= share
        if at < 0:
            return value
    return choices[0][0]


def put(connection: psycopg.Connection[Any], columns: str, lines: list[str]) -> None:
    with connection.cursor().copy(f"copy {columns} from stdin") as copy:
        copy.write("\n".join(lines) + "\n")


@contextmanager
def web(world: World) -> Iterator[http.client.HTTPConnection]:
    environment = os.environ | {"HOLDOUT_DATABASE_URL": world.dsn}
    command = [sys.executable, "-m", "benchmarks.timed_web", str(PORT)]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
        for _ in range(1200):
            try:
                connection.request("GET", "/healthz")
                connection.getresponse().read()
                break
            except OSError:
                connection.close()
                time.sleep(0.1)
        yield connection
    finally:
        process.terminate()
        process.wait()


@dataclass(frozen=True)
class Took:
    """Milliseconds of one page: by the server's clock, and until the client has all of it."""

    server: float
    client: float


def ask(connection: http.client.HTTPConnection, world: World, path: str) -> Took:
    begun = time.perf_counter()
    connection.request("GET", path, headers={"Cookie": world.cookie})
    response = connection.getresponse()
    body = response.read()
    if response.status != 200:
        raise RuntimeError(f"{path}: {response.status} {body[:200]!r}")
    client = (time.perf_counter() - begun) * 1000
    return Took(float(response.headers["Server-Timing"].partition("dur=")[2]), client)


def cursors(world: World) -> list[str]:
    """Places all over the list."""
    with psycopg.connect(world.dsn) as connection:
        rows = connection.execute("select id from examples where number % 997 = 0")
        return [encode_cursor(str(row[0])) for row in rows]


def kinds(world: World) -> dict[str, Paths]:
    words, base, places = vocabulary()[0], "/p/bench/examples", cursors(world)
    return {
        "first": lambda _rng: base,
        "deep": lambda rng: f"{base}?cursor={rng.choice(places)}",
        "filtered by status": lambda rng: f"{base}?status={rng.choice(('approved', 'to_review', 'rejected'))}",
        "filtered by behaviour": lambda rng: f"{base}?behavior={rng.choice(('answer', 'refuse', 'escalate'))}",
        "filtered by tag": lambda rng: f"{base}?tag={rng.choice(TAGS)}",
        "two filters": lambda rng: f"{base}?tag={rng.choice(TAGS)}&status=needs_work",
        "filter without a match": lambda _rng: f"{base}?split=test",
        "searched, common word": lambda rng: f"{base}?q={rng.choice(words[:20])}",
        "searched, usual word": lambda rng: f"{base}?q={rng.choice(words[100:2000])}",
        "searched, rare word": lambda rng: f"{base}?q={rng.choice(words[-1000:])}",
        "searched, two words": lambda rng: f"{base}?q={rng.choice(words[:200])}+{rng.choice(words[:500])}",
        "searched, no match": lambda _rng: f"{base}?q=qqqqqq",
        "searched and filtered": lambda rng: f"{base}?q={rng.choice(words[:1000])}&tag={rng.choice(TAGS)}",
        "searched, by number": lambda rng: f"{base}?q=%23{rng.randint(1, 90_000)}",
    }


def measure(world: World, size: int) -> dict[str, list[Took]]:
    rng = random.Random(11)
    with web(world) as connection:
        asked = [(name, path(rng)) for name, path in kinds(world).items() for _ in range(ASKED)]
        for _name, path in asked[:: ASKED // 4]:
            ask(connection, world, path)
        rng.shuffle(asked)
        times: dict[str, list[Took]] = {}
        for name, path in asked:
            times.setdefault(name, []).append(ask(connection, world, path))
        nothing = [ask(connection, world, "/healthz") for _ in range(ASKED)]
    print(f"\n{size:,} examples           server p50  p95 ms     client p50  p95 ms")
    for name in kinds(world):
        print_line(name, times[name])
    print_line("all of them", [one for found in times.values() for one in found], "   goal of the server 15 and 50")
    print_line("an empty answer", nothing)
    print(f"  bare keyset query of 51 rows: {bare(world):.2f} ms")
    return times


def print_line(name: str, times: list[Took], after: str = "") -> None:
    server, client = figures([one.server for one in times]), figures([one.client for one in times])
    print(f"  {name:<24} {server[0]:>8.1f} {server[1]:>7.1f}       {client[0]:>8.1f} {client[1]:>7.1f}{after}")


def figures(times: list[float]) -> tuple[float, float]:
    """(p50, p95)."""
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]


def median(times: list[Took]) -> float:
    return statistics.median(one.server for one in times)


def bare(world: World) -> float:
    """Milliseconds of the query alone, prepared, on an idle connection: the median of 200."""
    query = "select * from examples where project_id = %s and deleted_at is null order by id desc limit 51"
    times = []
    with psycopg.connect(world.dsn) as connection:
        for _ in range(1200):
            begun = time.perf_counter()
            connection.execute(query, (world.project_id,), prepare=True).fetchall()
            times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


def main(small: int, large: int) -> None:
    with fresh_database() as (dsn, _home):
        world = make_world(dsn)
        fill(world, small, 0)
        before = measure(world, small)
        if large:
            fill(world, large - small, small)
            after = measure(world, large)
            print(f"\n{large:,} against {small:,}, the server's p50:")
            for name, times in after.items():
                print(f"  {name:<24} {median(times) / median(before[name]):>6.2f} ×   goal 1.5")


def make_world(dsn: str) -> World:
    from app.accounts import service as accounts
    from app.accounts.access import COOKIE
    from app.core.db import transaction
    from app.projects import service as projects
    from app.projects.forms import NewProject

    with transaction() as session:
        user = accounts.add_user(session, "bench@example.com")
        project = projects.create(session, user, NewProject(name="Bench", slug="bench", goal="classification"))
        return World(f"{COOKIE}={accounts.start_session(session, user)}", dsn, project.id)


if __name__ == "__main__":
    sizes = [int(text) for text in sys.argv[1:]] or [100_000, 1_000_000]
    main(sizes[0], sizes[1] if len(sizes) > 1 else 0)
