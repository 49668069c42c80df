"""A run in a real browser: started from the form, watched live, decided about, graded again."""

import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from playwright.sync_api import BrowserContext, Page, expect

from app.accounts import service as accounts
from app.accounts.access import COOKIE
from tests.conftest import the_app
from tests.evals.conftest import Bench

pytestmark = pytest.mark.browser


@pytest.fixture
def address(bench: Bench) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(the_app(), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


def work(bench: Bench) -> None:
    """Playwright holds this thread's event loop."""
    worker = threading.Thread(target=bench.work)
    worker.start()
    worker.join(20)


def test_a_run_is_started_watched_and_decided(page: Page, context: BrowserContext, bench: Bench, address: str) -> None:
    other = bench.test_set(2, expected={"text": "Hello"})
    chosen = bench.test_set(4)
    bench.double.script.faults = {"question 0.": ["reset"]}
    context.add_cookies([{"name": COOKIE, "value": accounts.start_session(bench.session, bench.user), "url": address}])
    bench.session.commit()
    page.goto(f"{address}/p/{bench.project.slug}/runs/new")
    page.get_by_label("Candidate").select_option(bench.candidate.id)
    page.get_by_label("Test set").select_option(other.id)
    expect(page.get_by_label("like the expected answer")).to_be_checked()
    page.get_by_label("Test set").select_option(chosen.id)
    expect(page.get_by_role("checkbox", name="label")).to_be_checked()
    page.get_by_role("button", name="Start the run").click()
    expect(page.get_by_text("queued")).to_be_visible()
    work(bench)
    expect(page.get_by_text("1 call may have reached the provider")).to_be_visible()
    page.get_by_role("button", name="Send them again").click()
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_text("queued")).to_be_visible()
    work(bench)
    row = page.get_by_role("table", name="Metrics of this run").get_by_role("row", name="Task accuracy")
    expect(row).to_contain_text("100.0 %")
    page.get_by_role("link", name="Not passed").click()
    expect(page.get_by_text("No output like this")).to_be_visible()
