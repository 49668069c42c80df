"""A stage for experiments: a real Postgres with fsync on, a provider double and workers, each its own process."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.accounts.models import User
from app.candidates.models import Candidate
from app.core import db
from app.core.migrate import migrate
from app.core.postgres import EmbeddedPostgres
from app.core.settings import get_settings
from app.projects import service as projects
from app.projects.forms import NewProject
from app.projects.models import Project
from tests.evals import factories

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = ("HOLDOUT_HOME", "HOLDOUT_DATABASE_URL", "HOLDOUT_CALL_TIMEOUT_SECONDS")


@dataclass
class Stage:
    session: Session
    user: User
    project: Project
    candidate: Candidate
    home: Path


@contextmanager
def set_up(base_url: str, *, at_a_time: int, call_timeout: int = 300, durable: bool = True) -> Iterator[Stage]:
    """A migrated database with a project whose candidate asks ``base_url``. The environment points children to it."""
    home = Path(tempfile.mkdtemp(prefix="holdout-stage-"))
    home.chmod(0o711)
    before = {name: os.environ.get(name) for name in ENVIRONMENT}
    try:
        with EmbeddedPostgres(home, durable=durable) as server:
            os.environ |= {
                "HOLDOUT_HOME": str(home),
                "HOLDOUT_DATABASE_URL": server.dsn,
                "HOLDOUT_CALL_TIMEOUT_SECONDS": str(call_timeout),
            }
            _forget()
            migrate(server.dsn)
            with db.session_factory()() as session:
                user = accounts.add_user(session, "ana@example.com")
                project = projects.create(session, user, NewProject(name="X", slug="x", goal="classification"))
                session.commit()
                provider = factories.provider(session, base_url, at_a_time=at_a_time)
                yield Stage(session, user, project, factories.candidate(session, project, provider), home)
            _forget()
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        _forget()
        shutil.rmtree(home, ignore_errors=True)


def _forget() -> None:
    db.forget_engine()
    get_settings.cache_clear()


@contextmanager
def double(*arguments: str) -> Iterator[str]:
    """The provider double as a program; answers its base URL."""
    command = [sys.executable, "-m", "tests.doubles.provider", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def start_worker(module: str = "tests.faults.worker", *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", module, *arguments], cwd=ROOT)


def kill(process: subprocess.Popen[bytes]) -> None:
    """kill -9, and not a moment of grace."""
    process.send_signal(signal.SIGKILL)
    process.wait()
