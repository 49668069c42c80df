"""In a real browser: the preflight follows what is typed, a question survives the live page, the curve grows."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from playwright.sync_api import Page, expect

from app.accounts import service as accounts
from app.accounts.access import COOKIE
from app.finetunes import runner
from tests.conftest import the_app
from tests.doubles.fine_tuning import Script
from tests.finetunes.conftest import Begin
from tests.finetunes.factories import Ready

pytestmark = pytest.mark.browser


@pytest.fixture
def address(settings_env: None) -> Iterator[str]:

    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(the_app(), log_level="warning", lifespan="off", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)


def signed_in(page: Page, address: str, at: Ready) -> str:
    """The address of the project's fine-tunes, with the engineer's session in the browser."""
    cookie = accounts.start_session(at.session, at.user)
    at.session.commit()
    page.context.add_cookies([{"name": COOKIE, "value": cookie, "url": address}])
    return f"{address}/p/{at.project.slug}/fine-tunes"


def test_the_preflight_follows_and_nothing_typed_is_lost(
    page: Page, watched: list[str], address: str, begin: Begin
) -> None:
    at, _tuning = begin(kind="local_engine")
    page.goto(f"{signed_in(page, address, at)}/new")
    panel, launch = page.locator("#preflight"), page.get_by_role("button", name="Launch", exact=True)
    expect(launch).to_be_enabled()
    page.get_by_label("Base model").fill("another")
    expect(panel).to_contain_text("this would tune another")
    expect(launch).to_be_disabled()
    page.get_by_label("Launch all the same").fill("A rehearsal")
    expect(launch).to_be_enabled()
    page.wait_for_timeout(400)  # the draft is written a moment after the last key
    page.reload()
    expect(page.get_by_label("Base model")).to_have_value("another")
    expect(panel).to_contain_text("overridden")
    launch.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Fine-tune 1")
    expect(page.get_by_text("A rehearsal")).to_be_visible()


def test_the_live_page_grows_and_a_question_survives_it(
    page: Page, watched: list[str], address: str, begin: Begin
) -> None:
    at, tuning = begin(Script(steps=100_000, statuses=["running"]), kind="local_engine")
    row = at.launch()
    stop = threading.Event()

    def worker() -> None:
        while not stop.is_set() and asyncio.run(runner.advance(row.id, 1.0)):
            pass

    thread = threading.Thread(target=worker)
    thread.start()
    try:
        page.goto(f"{signed_in(page, address, at)}/{row.id}")
        points, figures = page.locator("[data-live-chart] tbody tr"), page.locator("#standing .figures")
        expect(points.nth(5)).to_be_attached()
        page.locator("#standing").get_by_role("button", name="Cancel").click()
        before = figures.inner_text()
        expect(figures).not_to_have_text(before)  # the page goes on behind the open question
        page.get_by_role("button", name="Cancel it").click()
        expect(page.locator("#standing")).to_contain_text("Cancelled.")
        assert [job["status"] for job in tuning.jobs.values()] == ["cancelled"]
    finally:
        page.goto("about:blank")  # its streams end with it
        stop.set()
        thread.join(timeout=10)
