"""Voting by the keyboard alone, in a real browser."""

from statistics import median
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text

from app.accounts import service as accounts
from app.accounts.access import COOKIE
from app.accounts.models import User
from app.preferences.models import Vote
from tests.annotation.test_browser import MEASURE
from tests.factories import Factory
from tests.preferences.opened import Opened

pytestmark = pytest.mark.browser
MIXED = """update ballots set text_a = E'## Refund\\n\\n- **one**\\n- two <img src=x onerror=alert(1)>\\n\\n' ||
repeat('A long paragraph that goes on. ', 120), text_b = 'مرحبا، يمكنني مساعدتك في ذلك اليوم'"""


def come(page: Page, app_url: str, opened: Opened, person: User) -> Page:
    cookie = accounts.start_session(opened.factory.session, person)
    opened.factory.session.commit()
    page.context.add_cookies([{"name": COOKIE, "value": cookie, "url": app_url}])
    page.goto(f"{app_url}{opened.page}/vote")
    page.locator("html[data-ready]").wait_for()
    return page


def figures(page: Page, words: str) -> None:
    expect(page.locator("[data-figures]")).to_contain_text(words)


def votes(factory: Factory) -> list[Vote]:
    factory.session.expire_all()
    return factory.session.query(Vote).order_by(Vote.created_at).all()


def test_two_reviewers_finish_a_round_of_forty_by_the_keyboard(
    browser: Browser, app_url: str, client: TestClient, factory: Factory
) -> None:
    opened = Opened(client, factory, cases=41)  # one of them is identical
    paints: list[float] = []
    for person in opened.people:
        page = come(browser.new_context().new_page(), app_url, opened, person)
        page.evaluate(MEASURE.replace(".review", ".vote"))
        for number in range(40):
            shown = page.locator("#item").get_attribute("data-example")
            page.keyboard.press("120b"[number % 4])
            page.wait_for_function("shown => document.getElementById('item')?.dataset.example !== shown", arg=shown)
        expect(page.get_by_text("All pairs are voted on")).to_be_visible()
        figures(page, "40 of 40")
        paints += page.evaluate("window.paints")
        page.context.close()
    ordered = sorted(paints)
    print(
        f"\nkey press to next pair painted: median {median(ordered):.0f} ms, worst {ordered[-1]:.0f}, n {len(ordered)}"
    )
    cast = votes(factory)
    assert len(cast) == 80
    assert {one.choice for one in cast} == {"left", "right", "tie", "both_bad"}
    assert len(paints) >= 76
    assert median(ordered) < 1_000


def test_why_undo_skip_and_differences(
    page: Page, app_url: str, client: TestClient, factory: Factory, watched: list[str]
) -> None:
    opened = Opened(client, factory)
    come(page, app_url, opened, opened.people[0])
    keys, item = page.keyboard, page.locator("#item")
    first = item.get_attribute("data-example")
    keys.press("d")
    expect(page.locator(".side mark")).to_have_count(2)
    keys.press("d")
    expect(page.locator(".side mark")).to_have_count(0)
    keys.press("n")
    keys.type("Clearer 1 2 0 b")
    keys.press("Enter")
    page.wait_for_timeout(300)  # what is typed is kept a moment later
    page.reload()
    page.locator("html[data-ready]").wait_for()
    expect(page.get_by_label("Why? (optional)")).to_have_value("Clearer 1 2 0 b")
    assert votes(factory) == []
    keys.press("1")
    figures(page, "1 of 5")
    keys.press("s")
    figures(page, "1 pair skipped")
    keys.press("u")
    figures(page, "0 of 5")
    assert item.get_attribute("data-example") == first
    expect(page.get_by_label("Why? (optional)")).to_have_value("Clearer 1 2 0 b")
    keys.press("2")
    figures(page, "1 of 5")
    (cast,) = votes(factory)
    assert (cast.choice, cast.rationale) == ("right", "Clearer 1 2 0 b")


def test_a_vote_after_the_close_comes_back_with_the_reason(
    page: Page, app_url: str, client: TestClient, factory: Factory
) -> None:
    opened = Opened(client, factory)
    come(page, app_url, opened, opened.people[0])
    client.post(f"{opened.base}/{opened.round}/close", headers=opened.engineer)
    page.keyboard.press("1")
    expect(page.get_by_role("alert")).to_contain_text("This round is closed")
    assert votes(factory) == []


@pytest.mark.parametrize("width", [1280, 390])
def test_long_and_right_to_left_outputs(
    page: Page, app_url: str, client: TestClient, factory: Factory, watched: list[str], width: int
) -> None:
    opened = Opened(client, factory)
    factory.session.execute(text(MIXED))
    factory.session.commit()
    page.set_viewport_size({"width": width, "height": 860})
    come(page, app_url, opened, opened.people[0])
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator(".side img").count() == 0
    expect(page.locator(".side h2", has_text="Refund")).to_be_visible()
    reader: Any = page.context.new_page()  # not watched: axe itself breaks the CSP
    for scheme in ("light", "dark"):
        reader.set_viewport_size({"width": width, "height": 860})
        reader.emulate_media(color_scheme=scheme)
        reader.goto(page.url)
        reader.locator("html[data-ready]").wait_for()
        found = Axe().run(reader)
        assert found.violations_count == 0, found.generate_report()


def test_long_outputs_scroll_together(page: Page, app_url: str, client: TestClient, factory: Factory) -> None:
    opened = Opened(client, factory)
    factory.session.execute(
        text("update ballots set text_a = repeat(E'x\\n\\n', 200), text_b = repeat(E'y\\n\\n', 400)")
    )
    factory.session.commit()
    come(page, app_url, opened, opened.people[0])
    page.locator(".side-body").first.evaluate("one => { one.scrollTop = (one.scrollHeight - one.clientHeight) / 2; }")
    share = "one => Math.abs(one.scrollTop / (one.scrollHeight - one.clientHeight) - 0.5) < 0.02"
    page.wait_for_function(f"() => [...document.querySelectorAll('.side-body')].every({share})")


def test_a_guest_comes_by_a_link_and_leaves(page: Page, app_url: str, client: TestClient, factory: Factory) -> None:
    opened = Opened(client, factory)
    where = f"{opened.base}/{opened.round}/invitations"
    made = client.post(where, json={"name": "Dr. Okafor", "pairs": 1}, headers=opened.engineer).json()
    page.goto(f"{app_url}/invited/{made['url'].rpartition('/')[2]}")
    figures(page, "0 of 1")
    page.keyboard.press("b")
    expect(page.get_by_text("All pairs are voted on")).to_be_visible()
    page.goto(f"{app_url}/p/{opened.project.slug}/runs")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto(f"{app_url}{opened.page}/vote")
    page.get_by_role("button", name="Leave").click()
    page.goto(f"{app_url}{opened.page}/vote")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
