"""How long the checks take over a large pool, and over one more example.

    python -m benchmarks.checks_scan [--rows 100000]

Makes a project of made-up support requests (a tenth repeats an earlier one with another case, a hundredth holds an
address), runs a whole scan, edits one example and scans again. Prints seconds by step beside the database's own limit:
COPY of the same number of rows into a table of the findings' shape. Detectors of single examples compute in Python on
one core; the comparisons are SQL.
"""

import argparse
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import text

import app.models  # noqa: F401 (every table)
from app.accounts import service as accounts
from app.checks import look, scan
from app.checks.pool import compare
from app.core.db import forget_engine, psycopg_connection, transaction
from app.core.migrate import migrate
from app.core.postgres import EmbeddedPostgres
from app.core.settings import get_settings
from app.datasets.near import service as near
from app.examples import batches, service
from app.examples.models import Example, Import
from app.examples.rules import parse_example
from app.projects import service as projects
from app.projects.forms import NewProject
from app.projects.models import Project

WORDS = (  # noqa: SIM905
    "invoice card seat plan owner refund tax address team renewal login export month trial price bank mail report "
    "limit workspace admin quote usage currency discount receipt"
).split()


def line(number: int, rng: random.Random) -> dict[str, Any]:
    words = " ".join(rng.choices(WORDS, k=14))
    request = f"Question {number}: {words}?"
    if number % 100 == 5:
        request += f" Write to person{number}@harborline.example."
    answer = "We look into it: " + " ".join(rng.choices(WORDS, k=20)) + "."
    return {"messages": [{"role": "user", "content": request}, {"role": "assistant", "content": answer}]}


def fill(project_id: str, rows: int) -> None:
    rng, made = random.Random(7), []
    for number in range(rows):
        again = made[rng.randrange(len(made))] if made and number % 10 == 0 else None
        one = line(number, rng)
        if again is not None:
            one["messages"][0]["content"] = again["messages"][0]["content"].upper()
        elif number % 50 == 1:
            made.append(one)
        if number % 5_000 == 0:
            heap: list[Any] = []
        heap.append(parse_example(one))
        if len(heap) == 5_000 or number == rows - 1:
            with transaction() as session:
                source = Import(project_id=project_id, file_name="x", stored_name="x", format="openai_chat")
                session.add(source)
                session.flush()
                batches.store(session, source, heap)


def timed(label: str, seconds: dict[str, float], call: Callable[..., Any]) -> Callable[..., Any]:
    def wrapped(*args: Any, **more: Any) -> Any:
        start = time.perf_counter()
        try:
            return call(*args, **more)
        finally:
            seconds[label] = seconds.get(label, 0.0) + time.perf_counter() - start

    return wrapped


def copy_limit(rows: int) -> float:
    with transaction() as session:
        connection = psycopg_connection(session)
        connection.execute("create temporary table limit_findings (like findings) on commit drop")
        start = time.perf_counter()
        columns = "id, project_id, example_id, revision, kind, code, key, state, words, evidence, created_at, state_at"
        with connection.cursor().copy(f"copy limit_findings ({columns}) from stdin") as copy:
            nil = "00000000-0000-0000-0000-000000000000"
            for number in range(rows):
                copy.write_row((nil, nil, nil, 1, "sensitive", "email", str(number), "open", "x", "{}", "now", "now"))
        return time.perf_counter() - start


@contextmanager
def stage() -> Iterator[Project]:
    """An empty project in a database of its own, with the usual settings."""
    home = Path(tempfile.mkdtemp(prefix="holdout-bench-"))
    home.chmod(0o711)
    try:
        with EmbeddedPostgres(home) as server:
            migrate(server.dsn)
            os.environ |= {"HOLDOUT_DATABASE_URL": server.dsn, "HOLDOUT_HOME": str(home / "home")}
            get_settings.cache_clear()
            with transaction() as session:
                owner = accounts.add_user(session, "admin@localhost", "Admin", is_instance_admin=True)
                project = projects.create(session, owner, NewProject(name="Large", slug="large", goal="tone_style"))
            yield project
    finally:
        forget_engine()
        shutil.rmtree(home, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    rows = parser.parse_args().rows
    with stage() as project:
        start = time.perf_counter()
        fill(project.id, rows)
        print(f"filled in {time.perf_counter() - start:.0f} s", flush=True)
        seconds: dict[str, float] = {}
        look.look = timed("detectors", seconds, look.look)
        near.scan = timed("near-duplicates", seconds, near.scan)
        compare.compare = timed("comparing", seconds, compare.compare)
        compare.leaks = timed("leaks", seconds, compare.leaks)
        start = time.perf_counter()
        scan.run_scan(project.id)
        whole = time.perf_counter() - start
        with transaction() as session:
            found = dict(session.execute(text("select kind, count(*) from findings group by 1")).all())
        print(f"{rows:,} examples: {whole:.1f} s, {rows / whole:,.0f}/s · found {found}")
        print("  " + " · ".join(f"{name} {value:.1f} s" for name, value in sorted(seconds.items())))
        print(f"  COPY of {sum(found.values()):,} rows of findings: {copy_limit(sum(found.values())):.2f} s")
        one_more(project)


def one_more(project: Project) -> None:
    with transaction() as session:
        example = session.query(Example).filter_by(project_id=project.id).order_by(Example.id).first()
        assert example is not None
        messages = [{"role": "user", "content": "Quite another question"}, {"role": "assistant", "content": "Fine."}]
        service.revise(session, None, example, example.revision, messages=messages)
    start = time.perf_counter()
    scan.run_scan(project.id)
    print(f"one example edited: {time.perf_counter() - start:.2f} s")


if __name__ == "__main__":
    main()
