"""Going through failures by the keys alone."""

import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from fastapi.testclient import TestClient
from playwright.sync_api import BrowserContext, Page, expect

from app.accounts import service as accounts
from app.accounts.access import COOKIE
from tests.conftest import the_app
from tests.decisions.adviser.test_adviser import Desk
from tests.factories import Factory

pytestmark = pytest.mark.browser


@pytest.fixture
def address() -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(the_app(), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


def test_confirm_change_and_undo(
    page: Page, context: BrowserContext, client: TestClient, factory: Factory, address: str
) -> None:
    desk = Desk(client, factory)
    context.add_cookies([{"name": COOKIE, "value": accounts.start_session(desk.session, desk.owner), "url": address}])
    desk.session.commit()
    page.goto(f"{address}{desk.page}/failures?run={desk.run.id}")
    expect(page.get_by_text("Base says 0")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Base says 1", exact=True)).to_be_visible()
    page.keyboard.press("3")
    expect(page.get_by_text("Base says 2", exact=True)).to_be_visible()
    rows = page.get_by_role("table", name="Failures").get_by_role("row")
    expect(rows.nth(1)).to_contain_text("Ignored pattern")
    expect(rows.nth(2)).to_contain_text("Format")
    expect(rows.nth(2)).to_contain_text("confirmed")
    page.keyboard.press("u")
    expect(rows.nth(2)).to_contain_text("proposed")
    expect(rows.nth(1)).to_contain_text("confirmed")
    page.keyboard.press("k")
    expect(page.get_by_text("Base says 0", exact=True)).to_be_visible()
