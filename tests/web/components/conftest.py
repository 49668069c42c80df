"""Real Chromium against the bench; a CSP violation or a script error fails any of these tests."""

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Page

from tests.web.components.bench import bench

FLAGS = ["--disable-background-networking", "--disable-component-update", "--disable-quic", "--no-first-run"]


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    found = (os.environ.get("CHROMIUM"), *map(shutil.which, ("chromium", "google-chrome")))
    path = next((candidate for candidate in found if candidate), None)
    if path is None:
        pytest.skip("no Chromium: set CHROMIUM, or install it (`make test` does)")
    return {"executable_path": path, "args": FLAGS + (["--no-sandbox"] if os.geteuid() == 0 else [])}


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
def watched(page: Page) -> Iterator[list[str]]:
    """What went wrong on the page so far; must be empty at the end."""
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console",
        lambda message: problems.append(message.text) if "Content Security Policy" in message.text else None,
    )
    page.on("dialog", lambda dialog: (problems.append(f"native dialog: {dialog.message}"), dialog.dismiss())[0])
    yield problems
    assert problems == []


@pytest.fixture
def on_bench(page: Page, bench_url: str, watched: list[str]) -> Page:
    page.goto(f"{bench_url}/bench")
    page.locator("html[data-ready]").wait_for()
    return page
