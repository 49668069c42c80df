"""Real Chromium against the bench; a CSP violation or a script error fails any of these tests."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from playwright.sync_api import Page

from tests.web.components.bench import bench


@pytest.fixture(scope="session")
def bench_url() -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(bench(), log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)


@pytest.fixture
def on_bench(page: Page, bench_url: str, watched: list[str]) -> Page:
    page.goto(f"{bench_url}/bench")
    page.locator("html[data-ready]").wait_for()
    return page
