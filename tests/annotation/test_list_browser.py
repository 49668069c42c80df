"""The list by the keyboard: walk, read, judge, choose, undo; instant search; a team's filters."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from app.accounts import service as accounts
from app.accounts.access import COOKIE
from app.annotation.models import Annotation
from app.examples.models import Example
from app.projects.models import Project
from tests.annotation.factories import add_examples
from tests.factories import Factory

pytestmark = pytest.mark.browser


@pytest.fixture
def project(factory: Factory) -> Project:
    return factory.project()


@pytest.fixture
def listed(page: Page, app_url: str, factory: Factory, project: Project, watched: list[str]) -> Page:
    """Questions 3 to 0, newest first."""
    add_examples(factory, project, 4)
    person = factory.member(project, "annotator")
    cookie = {"name": COOKIE, "value": accounts.start_session(factory.session, person), "url": app_url}
    page.context.add_cookies([cookie])  # type: ignore[list-item]
    factory.session.commit()
    page.goto(f"{app_url}/p/{project.slug}/examples")
    page.locator("html[data-ready]").wait_for()
    return page


def statuses(factory: Factory) -> list[str]:
    factory.session.expire_all()
    return [example.status for example in factory.session.query(Example).order_by(Example.id.desc())]


def test_rows_are_walked_read_judged_and_undone_by_keys(listed: Page, factory: Factory) -> None:
    keys = listed.keyboard
    keys.press("j")
    keys.press("j")
    keys.press("k")
    expect(listed.get_by_text("at hand")).to_have_text(re.compile(r"#\d+ at hand"))
    keys.press("o")
    expect(listed.get_by_role("list", name=re.compile("Conversation of example"))).to_contain_text("Answer 3.")
    keys.press("o")
    expect(listed.locator(".row-more")).to_have_count(0)
    keys.press("a")
    expect(listed.get_by_role("row", name="Question 3?")).to_contain_text("approved")
    keys.press("x")
    expect(listed.get_by_role("row", name="Question 2?")).to_contain_text("rejected")
    keys.press("w")
    expect(listed.get_by_role("row", name="Question 1?")).to_contain_text("needs work")
    assert statuses(factory) == ["approved", "rejected", "needs_work", "to_review"]
    assert factory.session.query(Annotation).count() == 3
    keys.press("u")
    expect(listed.get_by_role("row", name="Question 1?")).to_contain_text("to review")
    keys.press("u")
    expect(listed.get_by_role("row", name="Question 2?")).to_contain_text("to review")
    assert statuses(factory) == ["approved", "to_review", "to_review", "to_review"]


def test_space_chooses_and_the_keys_act_on_what_is_chosen(listed: Page, factory: Factory) -> None:
    keys = listed.keyboard
    for key in ("j", "Space", "j", "j", "Space"):
        keys.press(key)
    expect(listed.get_by_text("2 chosen")).to_be_visible()
    keys.press("x")
    expect(listed.get_by_text("2 examples rejected.")).to_be_visible()
    assert statuses(factory) == ["rejected", "to_review", "rejected", "to_review"]
    listed.wait_for_load_state()  # it is a new page: its scripts take the key
    listed.keyboard.press("u")
    expect(listed.get_by_text("Taken back.")).to_be_visible()
    assert set(statuses(factory)) == {"to_review"}


def test_an_old_answer_never_overtakes_a_newer_search(listed: Page) -> None:
    def slowly(route: Route) -> None:
        if route.request.url.endswith("q=question+2") or "q=question+2&" in route.request.url:
            listed.wait_for_timeout(700)
        route.continue_()

    listed.route("**/examples?*", slowly)
    listed.keyboard.press("/")
    listed.keyboard.type("question 2")
    listed.wait_for_timeout(250)
    listed.keyboard.press("Backspace")
    listed.keyboard.type("1")
    expect(listed.get_by_role("row", name="Question 1?")).to_be_visible()
    expect(listed.get_by_role("row", name="Question 2?")).to_have_count(0)
    listed.wait_for_timeout(900)
    expect(listed.get_by_role("row", name="Question 1?")).to_be_visible()
    expect(listed).to_have_url(re.compile(r"q=question\+1"))
    expect(listed.get_by_label("Search")).to_be_focused()


def test_a_filter_is_saved_for_the_team(listed: Page) -> None:
    listed.keyboard.press("/")
    listed.keyboard.type("question 2")
    expect(listed.get_by_role("row", name="Question 1?")).to_have_count(0)
    listed.get_by_text("Save this filter").click()
    listed.get_by_label("Name of the filter").fill("Second ones")
    listed.get_by_role("button", name="Save", exact=True).click()
    chip = listed.get_by_role("link", name="Second ones")
    expect(chip).to_have_attribute("aria-current", "page")
    listed.get_by_role("link", name="Clear").click()
    expect(listed.get_by_role("row", name="Question 1?")).to_be_visible()
    listed.get_by_role("link", name="Second ones").click()
    expect(listed.get_by_role("row", name="Question 1?")).to_have_count(0)
