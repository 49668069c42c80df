"""Around the verdict, in a real browser: a word to the team, what changed, examples given to people."""

import pytest
from playwright.sync_api import Page, expect

from app.accounts import service as accounts
from app.accounts.access import COOKIE
from app.accounts.models import User
from app.core.clock import utcnow
from app.examples import queries as examples
from app.examples import service as example_service
from app.examples.models import Example
from app.projects.models import Project
from tests.annotation.factories import add_examples
from tests.factories import Factory

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("watched")]


@pytest.fixture
def project(factory: Factory) -> Project:
    return factory.project()


def enter(page: Page, app_url: str, factory: Factory, person: User) -> None:
    cookie = {"name": COOKIE, "value": accounts.start_session(factory.session, person), "url": app_url}
    page.context.add_cookies([cookie])  # type: ignore[list-item]
    factory.session.commit()


def test_a_word_to_the_team_from_the_review(page: Page, app_url: str, factory: Factory, project: Project) -> None:
    first, _second = add_examples(factory, project, 2)
    enter(page, app_url, factory, factory.member(project, "annotator", "ana@example.com"))
    page.goto(f"{app_url}/p/{project.slug}/review")
    page.locator("html[data-ready]").wait_for()
    page.keyboard.press("c")
    field = page.get_by_label("Comment", exact=True)
    expect(field).to_be_focused()
    page.keyboard.type("Is this still our price?")
    page.keyboard.press("Control+Enter")  # says it; it does not approve
    expect(page.get_by_role("list").get_by_text("Is this still our price?")).to_be_visible()
    factory.session.expire_all()
    assert {one.status for one in factory.session.query(Example)} == {"to_review"}
    page.keyboard.press("Escape")
    page.goto(f"{app_url}/p/{project.slug}/examples/{first}")
    thread = page.get_by_role("region", name="Comments").get_by_role("list")
    expect(thread).to_contain_text("Is this still our price?")
    page.get_by_role("link", name="Edit", exact=True).last.click()
    page.get_by_label("Comment", exact=True).first.fill("Is this our price?")
    page.get_by_role("button", name="Save").click()
    expect(thread).to_contain_text("edited")
    expect(page.locator("#history")).to_contain_text("commented")
    page.get_by_role("button", name="Take back").click()
    page.get_by_role("dialog").get_by_role("button", name="Take back").click()
    expect(thread).to_contain_text("Taken back.")


def test_two_revisions_side_by_side_and_back(page: Page, app_url: str, factory: Factory, project: Project) -> None:
    (first,) = add_examples(factory, project, 1)
    example = examples.get(factory.session, project.id, first)
    messages = [{"role": "user", "content": "Question 0?"}, {"role": "assistant", "content": "Answer nil."}]
    example_service.revise(factory.session, None, example, 1, messages=messages, reason="clearer")
    factory.session.commit()
    enter(page, app_url, factory, factory.member(project, "annotator"))
    page.goto(f"{app_url}/p/{project.slug}/examples/{first}")
    page.locator("#history").get_by_role("link", name="What changed").click()
    expect(page.locator("del")).to_have_text("0")
    expect(page.locator("ins")).to_have_text("nil")
    page.get_by_role("button", name="Restore revision 1").click()
    expect(page.locator(".message-target .words")).to_have_text("Answer 0.")
    factory.session.expire_all()
    assert examples.get(factory.session, project.id, first).revision == 3


def test_given_due_and_done(page: Page, app_url: str, factory: Factory, project: Project) -> None:
    add_examples(factory, project, 3)
    ana = factory.member(project, "annotator", "ana@example.com")
    enter(page, app_url, factory, factory.member(project, "engineer"))
    page.goto(f"{app_url}/p/{project.slug}/assignments")
    page.get_by_role("link", name="Give examples to people").click()
    page.get_by_label("What it is").fill("First pass")
    page.get_by_label("How many").fill("2")
    page.get_by_label("ana").check()
    page.get_by_label("Due").fill(utcnow().date().isoformat())
    page.get_by_role("button", name="Give them out").click()
    expect(page.get_by_text("0 of 2 done").first).to_be_visible()
    page.context.clear_cookies()
    enter(page, app_url, factory, ana)
    page.goto(f"{app_url}/p/{project.slug}")
    page.get_by_role("link", name="Review your 2 examples").first.click()
    page.locator("html[data-ready]").wait_for()
    for number in range(2):
        expect(page.locator(".message-user .words")).to_have_text(f"Question {number}?")
        page.keyboard.press("a")
    expect(page.locator(".message-user .words")).to_have_text("Question 2?")
    expect(page.locator("[data-figures]")).to_contain_text("2 of")  # saved, not only shown
    page.goto(f"{app_url}/p/{project.slug}/assignments")
    expect(page.get_by_text("Nothing waits for you.")).to_be_visible()
    expect(page.get_by_role("row", name="First pass")).to_contain_text("done")
