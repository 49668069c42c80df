"""HOLDOUT_DATABASE_URL against the system's own PostgreSQL: migrates, runs restricted, refuses what is sealed."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy.exc
from sqlalchemy import text

from app.core import db
from app.core.migrate import head, migrate
from app.core.settings import get_settings
from app.demo.load import load_demo
from app.gateway import service as gateway
from tests.factories import Factory

SERVERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
NOBODY = 65534


@pytest.fixture(scope="module")
def external_url() -> Iterator[str]:
    """A cluster of the newest installed server, without our roles; its superuser is called owner."""
    if not SERVERS or int(SERVERS[-1].parent.name) < 15:
        pytest.skip("no PostgreSQL 15 or newer is installed on this system")
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    if user:
        os.chown(folder, NOBODY, NOBODY)
    data, quiet = folder / "data", {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
    subprocess.run([SERVERS[-1] / "initdb", "-D", data, "-A", "trust", "-U", "owner"], check=True, **user, **quiet)  # type: ignore[call-overload]
    command = [SERVERS[-1] / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"]
    server = subprocess.Popen(command, **user, **quiet)  # type: ignore[call-overload]
    url = f"postgresql://owner@/postgres?host={folder}"
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            psycopg.connect(url).close()
            break
        except psycopg.OperationalError:
            time.sleep(0.1)
    yield url
    server.terminate()
    server.wait(30)
    shutil.rmtree(folder, ignore_errors=True)


def test_the_product_runs_on_it(external_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDOUT_DATABASE_URL", external_url)
    monkeypatch.setenv("HOLDOUT_HOME", str(tmp_path))
    get_settings.cache_clear()
    db.forget_engine()
    assert migrate(external_url) == head()
    db.forget_engine()
    with db.session_factory()() as session:
        assert session.execute(text("select current_user")).scalar() == db.APP_ROLE
        gateway.seed(session)
        owner = Factory(session).user(is_instance_admin=True)
        session.commit()
        assert load_demo(owner.id) == "billing-support"
        assert session.execute(text("select count(*) from examples where status = 'approved'")).scalar_one() > 100
        with pytest.raises(sqlalchemy.exc.ProgrammingError, match="permission denied"):
            session.execute(text("delete from audit_events"))
    db.forget_engine()
    get_settings.cache_clear()
