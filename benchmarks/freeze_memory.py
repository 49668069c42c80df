"""How much memory freezing and exporting a large version takes, and how long, beside the size of the file.

    python -m benchmarks.freeze_memory [rows]

Approved chats are put into a fresh embedded database and compared with each other; then the version is frozen and
written out in each format, each step in a process of its own. Memory is the growth of that process's peak over what it
has loaded. Exit status 1 where a step grows by 100 MB or more.
"""

import hashlib
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.fresh import fresh_database
from benchmarks.near_duplicates import add, generated, looked_at

MOST_MB = 100
FORMATS = ("openai_chat", "sharegpt", "alpaca", "trl", "csv", "parquet")


def step(name: str, *arguments: str) -> bool:
    """Whether it stayed small."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as alone:
        seconds, grown, said = alone.submit(measured, name, *arguments).result()
    print(f"{' '.join((name, *arguments)):<20} {seconds:>6.1f} s  +{grown:.0f} MB  {said}", flush=True)
    return grown < MOST_MB


def measured(name: str, *arguments: str) -> tuple[float, float, str]:
    """(seconds, MB, what it said)"""
    verb = {"freeze": freeze, "export": export}[name]
    from app.core.db import transaction

    with transaction() as session:
        session.connection()
    before, begun = peak(), time.perf_counter()
    said = verb(*arguments)
    return time.perf_counter() - begun, peak() - before, said


def peak() -> float:
    """MB; what getrusage says would begin with the peak of the process that started this one."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def freeze() -> str:
    from sqlalchemy import select

    import app.models  # noqa: F401 (every table, and the look before a freeze)
    from app.accounts.models import User
    from app.core.db import transaction
    from app.datasets import versions
    from app.examples.forms import ExampleFilter
    from app.projects.models import Project

    with transaction() as session:
        user, project = session.scalars(select(User)).one(), session.scalars(select(Project)).one()
        return f"{versions.freeze(session, user, project, 'All', ExampleFilter()).size:,} rows"


def export(form: str) -> str:
    from sqlalchemy import select

    from app.core.db import transaction
    from app.datasets import export as exports
    from app.datasets.models import DatasetVersion

    digest, size = hashlib.sha256(), 0
    with transaction() as session:
        version = session.scalars(select(DatasetVersion)).one()
        plan = exports.plan(session, version, exports.Wanted.model_validate({"format": form, "omit": True}))
        for part in exports.chunked(exports.lines(session, version, plan)):
            digest.update(part)
            size += len(part)
    return f"{size / 1e6:.0f} MB, sha256 {digest.hexdigest()[:8]}"


def fill(rows: int) -> None:
    from sqlalchemy import update

    from app.core.db import transaction
    from app.datasets.near import service as near
    from app.examples.models import Example

    with transaction() as session:
        project_id = add(session, generated(rows))
        session.execute(update(Example).values(status="approved"))
        looked_at(session)
    near.scan(project_id)


def main(rows: int) -> int:
    with fresh_database() as (_dsn, _home):
        fill(rows)
        small = [step("freeze"), *(step("export", form) for form in FORMATS)]
    return int(not all(small))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
