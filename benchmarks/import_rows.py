"""Rows a second of an import of chat JSONL, beside a bare COPY of the same rows in the same run.

    python benchmarks/import_rows.py [rows]

The import checks, fingerprints, looks for duplicates, and fills two indexed tables with a text search column. The
bare COPY puts the very rows that the import stored into the same two tables, indexes, triggers and search column
included, with nothing read, checked or looked up; the barest one puts each line into one jsonb column of a table
without an index. All on a fresh embedded database with its usual settings. Memory is the growth of this process's
peak while it imports, and the peak of the process that reads the file (of the largest child, were there others); the
search is asked for a word of the last row when the import is over.
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


TABLES = ("split_assignments", "examples", "revisions")


def copy_stored(folder: Path) -> float:
    """Seconds to COPY what the import stored into the same tables again, after it was taken out of them."""
    from app.core.db import conninfo, psycopg

    columns = (
        "select string_agg(quote_ident(column_name), ',' order by ordinal_position) from information_schema.columns "
        "where table_schema = 'public' and table_name = %s and is_generated = 'NEVER'"
    )
    with psycopg.connect(conninfo(owner=True)) as connection:
        names = {table: connection.execute(columns, (table,)).fetchone()[0] for table in TABLES}  # type: ignore[index]
        for table in TABLES:
            with (
                connection.cursor().copy(f"copy {table} ({names[table]}) to stdout") as out,
                (folder / table).open("wb") as file,
            ):
                file.writelines(out)
        connection.execute(f"truncate {', '.join(TABLES)} cascade")
        connection.commit()
        begun = time.perf_counter()
        for table in TABLES:
            with (
                connection.cursor().copy(f"copy {table} ({names[table]}) from stdin") as into,
                (folder / table).open("rb") as file,
            ):
                while data := file.read(1_000_000):
                    into.write(data)
        connection.commit()
        return time.perf_counter() - begun


def searchable(rows: int) -> bool:
    """Whether the last ticket is found by its number."""
    from app.core.db import transaction
    from app.examples import queries
    from app.examples.forms import ExampleFilter

    with transaction() as session:
        return queries.count(session, bench_project(session).id, ExampleFilter(q=f"ticket {rows - 2}")) >= 1


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


def children_peak() -> float:
    """MB that the largest of the ended children had at its peak; the database's server is still running."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


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
            for name in ("import", "import again"):
                used = os.times()
                seconds, memory = timed_import(path)
                spent = sum(os.times()[:2]) - sum(used[:2])
                print(f"{name:<22} {rows / seconds:>9,.0f} rows/s ({spent:.1f} s of this process's own time)")
                print(f"{'':<22} +{memory:.0f} MB of memory for a file of {path.stat().st_size / 1e6:.0f} MB")
                print(f"{'':<22} {children_peak():.0f} MB at the peak of the process that reads")
            print(f"{'':<22} the last row is {'found' if searchable(rows) else 'NOT found'} by the search")
            print(f"{'COPY, same tables':<22} {rows / copy_stored(home):>9,.0f} rows/s")
            print(f"{'COPY, one bare column':<22} {rows / copying:>9,.0f} rows/s")
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
