"""Shared fixtures: a real Postgres for the session, a fresh database copied from a migrated one for each test."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, settings
from playwright.sync_api import Page
from sqlalchemy.orm import Session

from app.accounts import throttle
from app.core import db
from app.core.clock import utcnow
from app.core.migrate import migrate
from app.core.postgres import EmbeddedPostgres
from app.core.settings import get_settings
from tests.factories import Factory

CSP_WORDS = "Content Security Policy"
ORIGIN = {"sec-fetch-site": "same-origin"}
# how long a draw takes says how busy the machine is, and nothing about the code
settings.register_profile("holdout", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("holdout")


MEMORY = Path("/dev/shm")
ROOM = 2 * 2**30  # what tests with many rows, and the log of changes, may come to


def in_memory() -> Path | None:
    """A file system in memory that has room and runs programs. A database is a thousand files, each test makes and
    drops one, and a disk takes several times as long for that, more with each."""
    if not MEMORY.is_dir() or os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        return None
    return MEMORY if shutil.disk_usage(MEMORY).free > ROOM else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    # pytest's own folders are closed to others, and as root the server runs as an unprivileged user
    home = Path(tempfile.mkdtemp(prefix="holdout-test-", dir=in_memory()))
    home.chmod(0o711)
    try:
        with EmbeddedPostgres(home, durable=False) as server:
            migrate(server.dsn)
            db.forget_engine()
            yield server
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.hookimpl(trylast=True)  # behind pytest's own, which puts together what shares a fixture
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests last: once begun, Playwright's event loop never leaves the main thread to anyone else."""
    items.sort(key=_in_a_browser)


def _in_a_browser(item: pytest.Item) -> bool:
    return item.get_closest_marker("browser") is not None or "page" in item.fixturenames  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Debian's Chromium, or the one that CHROMIUM names; never a browser of the test tool's own."""
    found = (os.environ.get("CHROMIUM"), *map(shutil.which, ("chromium", "google-chrome")))
    path = next((candidate for candidate in found if candidate), None)
    if path is None:
        pytest.skip("no Chromium: set CHROMIUM, or install it (`make test` does)")
    flags = ["--disable-background-networking", "--disable-component-update", "--disable-quic", "--no-first-run"]
    return {"executable_path": path, "args": flags + (["--no-sandbox"] if os.geteuid() == 0 else [])}


@pytest.fixture
def watched(page: Page) -> Iterator[list[str]]:
    """What went wrong on the page so far (script errors, CSP violations, native dialogs); empty at the end."""
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if CSP_WORDS in message.text else None)
    page.on("dialog", lambda dialog: (problems.append(f"native dialog: {dialog.message}"), dialog.dismiss())[0])
    yield problems
    assert problems == []


@pytest.fixture(autouse=True)
def no_embeddings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scans go without the optional embedding model, installed or not: its own tests switch it on."""
    monkeypatch.setattr("app.checks.semantic.model.available", lambda: False)


@pytest.fixture
def database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """The owner's URL of a database of this test's own."""
    url = postgres.create_test_database()
    yield url
    db.forget_engine()
    postgres.drop_test_database(url)


@pytest.fixture
def settings_env(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The process's settings point at the test's database and a home of its own."""
    monkeypatch.setenv("HOLDOUT_DATABASE_URL", database_url)
    monkeypatch.setenv("HOLDOUT_HOME", str(tmp_path / "home"))
    get_settings.cache_clear()
    db.forget_engine()
    yield
    db.forget_engine()
    get_settings.cache_clear()


@pytest.fixture
def session(settings_env: None) -> Iterator[Session]:
    """A session of the restricted role, as the web has it. Commit yourself what others must see."""
    with db.session_factory()() as session:
        yield session


@pytest.fixture
def factory(session: Session) -> Factory:
    return Factory(session)


@lru_cache
def app_of_tests(https: bool) -> FastAPI:
    """To make the app takes a second of processor time, and it holds nothing of a test: settings and database are asked
    for with each request, but for whether the address is an ``https://`` one."""
    from app.main import create_app

    return create_app()


def the_app() -> FastAPI:
    return app_of_tests((get_settings().base_url or "").startswith("https://"))


@pytest.fixture
def client(settings_env: None) -> Iterator[TestClient]:
    """A browser-like client (same-origin, keeps cookies, does not follow redirects)."""
    with TestClient(the_app(), headers=ORIGIN, follow_redirects=False, raise_server_exceptions=True) as client:
        yield client


@pytest.fixture
def one_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries are counted by windows of the clock: those of a slow test must not fall into two."""
    now = utcnow()
    monkeypatch.setattr(throttle, "utcnow", lambda: now)


@pytest.fixture
def impatient(settings_env: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call without an answer is given up after a second, for tests that wait for just that."""
    monkeypatch.setenv("HOLDOUT_CALL_TIMEOUT_SECONDS", "1")
    get_settings.cache_clear()


@pytest.fixture
def run_jobs(settings_env: None) -> Callable[[], None]:
    """Run the queue's waiting jobs, as the worker does, until none is left."""

    def run() -> None:
        import procrastinate

        from app.jobs.queue import queue
        from app.worker import load_jobs

        load_jobs()

        async def until_empty() -> None:
            connector = procrastinate.PsycopgConnector(conninfo=db.conninfo(), min_size=1, max_size=4)
            with queue.replace_connector(connector):
                async with queue.open_async():
                    await queue.run_worker_async(wait=False, install_signal_handlers=False, concurrency=4)

        asyncio.run(until_empty())

    return run
