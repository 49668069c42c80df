"""A filled instance behind a real web server, for walks over every page."""

import os
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from app.core import db
from app.core.postgres import EmbeddedPostgres
from app.core.settings import get_settings
from tests.browser.filled import Filled, fill
from tests.conftest import the_app


@pytest.fixture(scope="module")
def site(postgres: EmbeddedPostgres) -> Iterator[Filled]:
    url = postgres.create_test_database()
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"HOLDOUT_DATABASE_URL": url, "HOLDOUT_HOME": str(Path(home))}
        get_settings.cache_clear()
        db.forget_engine()
        filled = fill()
        yield from _served(filled)
    os.environ.clear()
    os.environ.update(before)
    db.forget_engine()
    get_settings.cache_clear()
    postgres.drop_test_database(url)


def _served(filled: Filled) -> Iterator[Filled]:

    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(the_app(), log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    filled.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    yield filled
    server.should_exit = True
    thread.join(timeout=10)
