"""Two batches of a long import on their way at once: nothing comes twice, and nobody waits for ever."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core import db
from app.examples import batches, import_service, importing, reading
from app.examples.models import Example, Import, SplitAssignment
from app.examples.queries import lock_splits, share_splits
from app.projects.models import Project
from tests.examples.factories import chat, jsonl
from tests.factories import Factory

ROWS = 120


@pytest.fixture(autouse=True)
def long_files_of_small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BATCH_ROWS", 10)
    monkeypatch.setattr(importing, "is_long", lambda _: True)


@pytest.fixture
def project(factory: Factory) -> Project:
    return factory.project()


@pytest.fixture
def most_at_once(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many batches were being stored when each began."""
    real, now, seen, lock = batches.store_written, 0, [], threading.Lock()
    both = threading.Barrier(2)

    def counted(*args: object) -> object:
        nonlocal now
        with lock:
            now += 1
            seen.append(now)
        try:
            both.wait(0.2)
        except threading.BrokenBarrierError:
            both.reset()
        try:
            return real(*args)  # type: ignore[arg-type]
        finally:
            with lock:
                now -= 1

    monkeypatch.setattr(batches, "store_written", counted)
    return seen


def queued(session: Session, project: Project, tmp_path: Path, name: str, first: int = 0) -> Import:
    """In every second batch of ten, half of the chats say what the ones in the batch before say."""
    rows = [chat(f"Request {first + n - (10 if n % 2 and n // 10 % 2 else 0)}") for n in range(ROWS)]
    path = tmp_path / name
    path.write_bytes(jsonl(*rows))
    source = import_service.import_file(session, None, project, path, name)
    session.commit()
    return source


def assert_each_once(session: Session, *sources: Import) -> None:
    session.expire_all()
    requests = session.scalars(select(Example.request)).all()
    assert len(requests) == len(set(requests)) == sum(source.imported for source in sources)
    assert session.scalar(select(func.count()).select_from(SplitAssignment)) == len(requests)
    for source in sources:
        assert (source.status, source.rows_read) == ("succeeded", ROWS)
        assert source.imported + source.duplicates == ROWS


def test_what_the_batch_before_brings_is_known(
    session: Session, project: Project, tmp_path: Path, most_at_once: list[int]
) -> None:
    source = queued(session, project, tmp_path, "one.jsonl")
    importing.run_import(source.id)
    assert_each_once(session, source)
    assert max(most_at_once) == 2


def test_two_imports_of_a_project_go_batch_by_batch(
    session: Session, project: Project, tmp_path: Path, most_at_once: list[int]
) -> None:
    sources = [queued(session, project, tmp_path, f"{n}.jsonl") for n in range(2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(importing.run_import, [source.id for source in sources]))
    assert_each_once(session, *sources)
    assert sources[0].imported + sources[1].imported == ROWS * 3 // 4


def test_while_another_import_runs_a_batch_is_alone(
    session: Session, project: Project, tmp_path: Path, most_at_once: list[int]
) -> None:
    other = queued(session, project, tmp_path, "other.jsonl", first=1000)
    next(steps := importing.steps(other.id))
    steps.close()
    source = queued(session, project, tmp_path, "one.jsonl")
    before = len(most_at_once)
    importing.run_import(source.id)
    assert set(most_at_once[before:]) == {1}


def test_who_waits_for_the_lock_comes_in_between(session: Session, project: Project, tmp_path: Path) -> None:
    source = queued(session, project, tmp_path, "one.jsonl")
    stop, turns = threading.Event(), 0

    def add_something() -> None:
        nonlocal turns
        while not stop.is_set():
            with db.transaction() as other:
                lock_splits(other, project.id)
                turns += 1

    with ThreadPoolExecutor(1) as pool:
        adding = pool.submit(add_something)
        importing.run_import(source.id)
        stop.set()
        adding.result()
    assert_each_once(session, source)
    assert turns > 1


def test_who_shares_the_lock_does_not_pass_one_who_waits(session: Session, project: Project) -> None:
    """What ``storing`` relies on: it never waits for the lock with a batch of its own before it."""
    assert share_splits(session, project.id, wait=True)
    waiting = threading.Event()

    def change_something() -> None:
        with db.transaction() as other:
            waiting.set()
            lock_splits(other, project.id)

    with ThreadPoolExecutor(1) as pool:
        changing = pool.submit(change_something)
        waiting.wait()
        for _ in range(100):
            with db.transaction() as third:
                if not share_splits(third, project.id, wait=False):
                    break
            threading.Event().wait(0.05)
        else:
            pytest.fail("the lock was shared past one who waited for it")
        session.commit()
        changing.result(10)


def test_an_error_takes_back_the_batch_after_it_too(
    session: Session, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = queued(session, project, tmp_path, "one.jsonl")
    real, calls = batches.copy_in, iter(range(100))

    def breaking(*args: object) -> None:
        real(*args)  # type: ignore[arg-type]
        if next(calls) == 4:
            raise ZeroDivisionError

    monkeypatch.setattr(batches, "copy_in", breaking)
    importing.run_import(source.id)
    session.expire_all()
    assert source.status == "failed"
    assert source.rows_read in (40, 50)  # of two batches at once either may come first
    assert session.scalar(select(func.count()).select_from(Example)) == source.imported
