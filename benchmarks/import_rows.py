"""Rows a second of an import of chat JSONL, beside a bare COPY of the same lines in the same run.

    python benchmarks/import_rows.py [rows]

The import checks, fingerprints, looks for duplicates, and fills two indexed tables with a text search column; the
bare COPY puts each line into one jsonb column of a table without an index. Both on a fresh embedded database with its
usual settings. Memory is the growth of this process's peak while it imports.
"""

import os
import random
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.projects.models import Project

WORDS = (  # noqa: SIM905
    "invoice refund plan annual monthly charge card seat upgrade cancel export report login team owner email receipt "
    "trial discount currency tax address payment failed renewal quote usage limit workspace admin question please help"
).split()


def sentence(rng: random.Random, low: int, high: int) -> str:
    return " ".join(rng.choices(WORDS, k=rng.randint(low, high))).capitalize() + "."


def write_file(path: Path, rows: int) -> None:
    """Chats of about 600 bytes: a shared system message, a question, an answer; every hundredth a duplicate."""
    rng = random.Random(7)
    previous = b""
    with path.open("wb") as file:
        for number in range(rows):
            messages = [
                {"role": "system", "content": "You are a concise support assistant for a billing product."},
                {"role": "user", "content": f"Ticket {number}: {sentence(rng, 8, 30)}"},
                {"role": "assistant", "content": sentence(rng, 15, 60)},
            ]
            line = orjson.dumps({"messages": messages, "tags": [rng.choice(WORDS)]}, option=orjson.OPT_APPEND_NEWLINE)
            previous = previous if number % 100 == 99 else line
            file.write(previous)


def bare_copy(path: Path) -> float:
    """Seconds to COPY each line into a jsonb column."""
    from app.core.db import conninfo, psycopg

    with psycopg.connect(conninfo(owner=True)) as connection:
        connection.execute("create table bare (line jsonb)")
        begun = time.perf_counter()
        with connection.cursor().copy("copy bare from stdin") as copy, path.open("rb") as file:
            for line in file:
                copy.write_row((line.decode(),))
        connection.commit()
        return time.perf_counter() - begun


def timed_import(path: Path) -> tuple[float, float]:
    """(seconds, MB of memory that the import added at its peak)."""
    from app.core.db import transaction
    from app.examples.import_service import import_file
    from app.examples.importing import run_import

    with transaction() as session:
        source = import_file(session, None, bench_project(session), path, path.name)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.perf_counter()
    run_import(source.id)
    seconds = time.perf_counter() - begun
    with transaction() as session:
        done = session.merge(source)
        session.refresh(done)
        print(f"{done.status}: {done.imported:,} new, {done.duplicates:,} duplicates, {done.rejected_count} refused")
    return seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def bench_project(session: "Session") -> "Project":
    from app.accounts.service import add_user
    from app.projects import queries, service
    from app.projects.forms import NewProject

    found = queries.by_slug(session, "bench")
    if found is not None:
        return found
    user = add_user(session, "bench@example.com")
    return service.create(session, user, NewProject(name="Bench", slug="bench", goal="classification"))


def main(rows: int) -> None:
    home = Path(tempfile.mkdtemp(prefix="holdout-bench-"))
    home.chmod(0o711)
    os.environ["HOLDOUT_HOME"] = str(home / "home")
    try:
        from app.core.migrate import migrate
        from app.core.postgres import EmbeddedPostgres

        path = home / "chats.jsonl"
        write_file(path, rows)
        with EmbeddedPostgres(home) as server:
            os.environ["HOLDOUT_DATABASE_URL"] = server.dsn
            migrate(server.dsn)
            copying = bare_copy(path)
            print(f"bare COPY     {rows / copying:>9,.0f} rows/s")
            for name in ("import", "import again"):
                seconds, memory = timed_import(path)
                print(f"{name:<13} {rows / seconds:>9,.0f} rows/s, {seconds / copying:.1f} times the bare COPY")
                print(f"              +{memory:.0f} MB of memory for a file of {path.stat().st_size / 1e6:.0f} MB")
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
