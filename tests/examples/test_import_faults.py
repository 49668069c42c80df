"""An import that is killed, cancelled or run twice loses no row and doubles none."""

import gzip
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.core import db
from app.core.settings import get_settings
from app.examples import batches, import_queries, import_service, importing, read_ahead, reading
from app.examples.models import Example, Import, ImportRejection, Revision
from app.projects.models import Project
from tests.examples.factories import chat, jsonl
from tests.factories import Factory

ROWS = 300
WORKER = """
import sys
import app.models
from app.examples import importing, reading
reading.BATCH_ROWS = 20
importing.is_long = lambda reading: True
for read in importing.steps(sys.argv[1]):
    print(read, flush=True)
"""


@pytest.fixture
def project(factory: Factory) -> Project:
    return factory.project()


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BATCH_ROWS", 20)


def queued(session: Session, project: Project, tmp_path: Path, rows: int = ROWS, *, packed: bool = False) -> Import:
    """An import of chats with every tenth line broken and every seventh a duplicate of the first.

    ``packed``: within gzip, and nothing of it is unpacked yet.
    """
    lines = [b"{" if n % 10 == 9 else chat("Same" if n % 7 == 6 else f"Request {n}") for n in range(rows)]
    path = tmp_path / "rows.jsonl"
    path.write_bytes(gzip.compress(jsonl(*lines)) if packed else jsonl(*lines))
    source = import_service.import_file(session, None, project, path, path.name)
    session.commit()
    for rows_file in get_settings().uploads.glob("*.rows"):
        rows_file.unlink()
    return source


def assert_complete(session: Session, source: Import, rows: int = ROWS) -> None:
    broken = sum(n % 10 == 9 for n in range(rows))
    same = sum(n % 10 != 9 and n % 7 == 6 for n in range(rows))
    session.expire_all()
    session.refresh(source)
    counted = (source.status, source.rows_read, source.imported, source.duplicates, source.rejected_count)
    assert counted == ("succeeded", rows, rows - broken - same + 1, same - 1, broken)
    assert source.bytes_read == source.bytes_total
    assert session.scalar(select(func.count()).select_from(Example)) == source.imported
    assert session.scalar(select(func.count()).select_from(Revision)) == source.imported
    requests = session.scalars(select(Example.request).order_by(Example.id)).all()
    assert len(set(requests)) == len(requests)
    lines = session.scalars(select(ImportRejection.line).order_by(ImportRejection.id)).all()
    assert lines == [n + 1 for n in range(rows) if n % 10 == 9]
    assert list(get_settings().uploads.iterdir()) == []


def test_a_worker_that_stops_between_batches(session: Session, project: Project, tmp_path: Path) -> None:
    source = queued(session, project, tmp_path)
    for stop_after in (1, 3, 1, 5):
        steps = importing.steps(source.id)
        for _ in range(stop_after):
            next(steps)
        steps.close()
    importing.run_import(source.id)
    assert_complete(session, source)
    importing.run_import(source.id)
    assert_complete(session, source)


class Killed(BaseException):
    """Nothing catches this, as nothing catches SIGKILL."""


def test_a_worker_that_dies_in_the_middle_of_a_batch(
    session: Session, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = queued(session, project, tmp_path)
    rng, deaths = random.Random(3), 0
    for module, name in ((batches, "_register"), (batches, "copy_in"), (import_queries, "add_rejections")) * 2:
        real = getattr(module, name)

        def dying(*args: object, real: object = real) -> object:
            answer = real(*args)  # type: ignore[operator]
            if rng.random() < 0.4:
                raise Killed
            return answer

        with monkeypatch.context() as patch:
            patch.setattr(module, name, dying)
            try:
                importing.run_import(source.id)
            except Killed:
                deaths += 1
    assert deaths >= 4
    importing.run_import(source.id)
    assert_complete(session, source)


def test_a_worker_that_dies_with_two_batches_on_their_way(
    session: Session, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "is_long", lambda _: True)
    source = queued(session, project, tmp_path)
    real, rng, deaths = batches.copy_in, random.Random(3), 0

    def dying(*args: Any) -> None:
        real(*args)
        if rng.random() < 0.4:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(batches, "copy_in", dying)
        for _ in range(6):
            try:
                importing.run_import(source.id)
            except Killed:
                deaths += 1
    assert deaths >= 3
    importing.run_import(source.id)
    assert_complete(session, source)


def test_a_long_file_is_read_in_a_process_of_its_own(
    session: Session, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_ahead, "OWN_PROCESS_BYTES", 0)
    source = queued(session, project, tmp_path, rows=4_000)
    steps = importing.steps(source.id)
    next(steps)
    (reader,) = readers()
    assert "HOLDOUT_DATABASE_URL" not in reader.environ()
    steps.close()
    assert not reader.is_running()
    importing.run_import(source.id)
    assert_complete(session, source, rows=4_000)


def readers() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "app.examples.reading_child" in child.cmdline()]


def test_what_is_wrong_with_a_long_file_is_said(
    session: Session, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_ahead, "OWN_PROCESS_BYTES", 0)
    source = queued(session, project, tmp_path)
    source.format, source.mapping = "csv", {"user": "no such column"}
    session.commit()
    importing.run_import(source.id)
    session.refresh(source)
    assert source.status == "failed"
    assert "There is no column “no such column”" in str(source.error)


def test_a_reading_process_that_dies_fails_the_import_and_keeps_what_is_in(
    session: Session, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_ahead, "OWN_PROCESS_BYTES", 0)
    source = queued(session, project, tmp_path, rows=4_000)
    for _ in (steps := importing.steps(source.id)):
        readers()[0].kill()
        break
    list(steps)
    session.refresh(source)
    assert (source.status, session.scalar(select(func.count()).select_from(Example))) == ("failed", source.imported)
    assert 0 < source.rows_read < 4_000
    assert "Something broke" in str(source.error)


def test_the_reading_process_starts_without_the_web_and_the_database() -> None:
    code = "import app.examples.reading_child, sys; print(*{'fastapi', 'sqlalchemy', 'psycopg'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_two_workers_on_one_import(session: Session, project: Project, tmp_path: Path) -> None:
    source = queued(session, project, tmp_path)
    slow = importing.steps(source.id)
    next(slow)
    importing.run_import(source.id)
    assert list(slow) == []
    assert_complete(session, source)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kills", [1, pytest.param(20, marks=pytest.mark.slow)])
def test_kill_9(session: Session, project: Project, tmp_path: Path, kills: int, packed: bool) -> None:
    """A process of its own, killed at random moments; a real SIGKILL leaves a transaction to the server to undo."""
    rows = 3_000
    source = queued(session, project, tmp_path, rows, packed=packed)
    rng = random.Random(5)
    for _ in range(kills):
        command = [sys.executable, "-c", WORKER, source.id]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ.copy())
        assert process.stdout is not None
        for _ in range(rng.randint(1, 5)):
            process.stdout.readline()
        time.sleep(rng.uniform(0, 0.02))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    session.refresh(source)
    assert 0 < source.rows_read < rows
    importing.run_import(source.id)
    assert_complete(session, source, rows)


def test_cancel_stops_between_batches_and_keeps_what_is_in(session: Session, project: Project, tmp_path: Path) -> None:
    source = queued(session, project, tmp_path)
    steps = importing.steps(source.id)
    next(steps)
    with db.transaction() as other:
        import_service.cancel(other, None, import_queries.get(other, project.id, source.id))
    importing.run_import(source.id)
    assert list(steps) == []
    session.refresh(source)
    assert (source.status, source.rows_read) == ("cancelled", 20)
    assert session.scalar(select(func.count()).select_from(Example)) == source.imported == 18 - 1
    assert list(get_settings().uploads.iterdir()) == []


def test_a_vanished_file_fails_with_a_reason(session: Session, project: Project, tmp_path: Path) -> None:
    source = queued(session, project, tmp_path)
    importing.remove_file(source.stored_name)
    importing.run_import(source.id)
    session.refresh(source)
    assert source.status == "failed"
    assert "HOLDOUT_HOME" in str(source.error)
    assert str(tmp_path) not in str(source.error)


def test_a_bug_fails_the_import_and_keeps_what_is_in(
    session: Session, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = queued(session, project, tmp_path)
    next(steps := importing.steps(source.id))
    steps.close()
    monkeypatch.setattr(batches, "copy_in", lambda *_: 1 / 0)
    importing.run_import(source.id)
    session.refresh(source)
    assert (source.status, source.rows_read) == ("failed", 20)
    assert "Something broke" in str(source.error)


def test_abandoned_uploads_are_swept(session: Session, project: Project, tmp_path: Path) -> None:
    path = import_service.new_upload()
    path.write_bytes(jsonl(chat()))
    import_service.keep_upload(session, None, project, path, "old.jsonl")
    session.execute(text("update imports set created_at = now() - interval '25 hours'"))
    fresh = import_service.new_upload()
    fresh.write_bytes(jsonl(chat()))
    import_service.keep_upload(session, None, project, fresh, "new.jsonl")
    session.commit()
    assert [p.name for p in get_settings().uploads.iterdir()] == [fresh.name]
    assert session.scalars(select(Import.file_name)).all() == ["new.jsonl"]
