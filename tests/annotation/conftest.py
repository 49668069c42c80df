"""A browser on the real app, for the keyboard-only run."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn

from tests.conftest import the_app


@pytest.fixture
def app_url(settings_env: None) -> Iterator[str]:

    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(the_app(), log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)
