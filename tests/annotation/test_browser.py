"""Review by the keyboard alone, in a real browser: nothing is clicked, nothing is lost."""

import os
from statistics import median
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

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
    return factory.project(guideline="Answer in **one** sentence.", labels=["refund", "invoice"])


@pytest.fixture
def review(page: Page, app_url: str, factory: Factory, project: Project, watched: list[str]) -> Page:
    add_examples(factory, project, 4)
    return sign_in(page, app_url, factory, project)


def sign_in(page: Page, app_url: str, factory: Factory, project: Project) -> Page:
    person = factory.member(project, "annotator")
    page.context.add_cookies(
        [{"name": COOKIE, "value": accounts.start_session(factory.session, person), "url": app_url}]
    )
    factory.session.commit()
    page.goto(f"{app_url}/p/{project.slug}/review")
    page.locator("html[data-ready]").wait_for()
    return page


def question(page: Page, number: int) -> None:
    expect(page.locator(".message-user .words")).to_have_text(f"Question {number}?")


def statuses(factory: Factory) -> list[str]:
    factory.session.expire_all()
    return [example.status for example in factory.session.query(Example).order_by(Example.id)]


def test_a_whole_round_by_the_keyboard(review: Page, factory: Factory) -> None:
    keys = review.keyboard
    question(review, 0)
    keys.press("2")
    keys.press("t")
    keys.type("edge case")
    keys.press("Enter")
    expect(review.get_by_label("edge case")).to_be_checked()
    keys.press("Escape")
    keys.press("e")
    expect(review.get_by_label("Text of the assistant message")).to_be_focused()
    keys.type(" And more.")
    keys.press("Escape")
    expect(review.locator(".message-target .words")).to_have_text("Answer 0. And more.")
    keys.press("a")
    question(review, 1)
    keys.press("x")
    question(review, 2)
    keys.press("u")
    question(review, 1)
    keys.press("w")
    question(review, 2)
    keys.press("s")
    question(review, 3)
    keys.press("f")
    keys.press("n")
    keys.type("Is this a price?")
    keys.press("Control+Enter")
    question(review, 2)  # the skipped one comes back
    keys.press("a")
    expect(review.get_by_text("All done")).to_be_visible()
    assert statuses(factory) == ["approved", "needs_work", "approved", "approved"]
    first = factory.session.query(Example).order_by(Example.id).first()
    assert first
    assert (first.answer, first.behavior, first.tags) == ("Answer 0. And more.", "refuse", ["edge case"])
    notes = {(note.verdict, note.note, note.flagged) for note in factory.session.query(Annotation)}
    assert ("approve", "Is this a price?", True) in notes
    assert all(note.seconds is not None for note in factory.session.query(Annotation))


def test_what_is_typed_survives_a_reload(review: Page, factory: Factory) -> None:
    review.keyboard.press("e")
    review.keyboard.type(" Unsent.")
    review.wait_for_timeout(400)
    review.reload()
    review.locator("html[data-ready]").wait_for()
    question(review, 0)
    expect(review.get_by_label("Text of the assistant message")).to_have_value("Answer 0. Unsent.")
    expect(review.get_by_text("Your unsent text was brought back.")).to_be_visible()
    review.keyboard.press("Control+Enter")
    question(review, 1)
    expect(review.locator("[data-figures]")).to_contain_text("1 of 4")
    factory.session.expire_all()
    assert factory.session.query(Example).filter_by(answer="Answer 0. Unsent.").count() == 1


def test_a_key_that_is_held_and_a_double_click_decide_once(review: Page, factory: Factory) -> None:
    review.evaluate(
        """for (let i = 0; i < 5; i++) document.dispatchEvent(
             new KeyboardEvent("keydown", { key: "a", repeat: i > 0, bubbles: true, cancelable: true }))"""
    )
    question(review, 1)
    review.get_by_role("button", name="Reject").dblclick()
    question(review, 2)
    expect(review.locator("[data-figures]")).to_contain_text("2 of 4")
    assert statuses(factory) == ["approved", "rejected", "to_review", "to_review"]


def test_enter_approves_and_goes_on_but_not_where_it_has_a_meaning_of_its_own(review: Page, factory: Factory) -> None:
    keys = review.keyboard
    question(review, 0)
    expect(review.get_by_role("button", name="Approve").locator("kbd")).to_have_text(["a", "Enter"])
    keys.press("?")
    expect(review.locator("[data-keys-list]")).to_contain_text("a / Enter / Ctrl+Enter")
    keys.press("Enter")  # on the dialog's own button
    question(review, 0)
    expect(review.get_by_role("dialog")).to_be_hidden()
    review.evaluate("document.activeElement.blur()")
    keys.press("Enter")
    question(review, 1)
    keys.press("t")
    keys.type("edge")
    keys.press("Enter")  # the tag
    keys.press("Enter")  # nothing more to add: out of the field
    question(review, 1)
    review.get_by_role("radio", name="refuse").focus()
    keys.press("Space")
    keys.press("Enter")  # a choice has no use for it
    question(review, 2)
    review.get_by_role("button", name="Reject").focus()
    keys.press("Enter")
    question(review, 3)
    expect(review.locator("[data-figures]")).to_contain_text("3 of 4")
    assert statuses(factory) == ["approved", "approved", "rejected", "to_review"]
    decided = factory.session.query(Example).order_by(Example.id)[1]
    assert (decided.behavior, decided.tags) == ("refuse", ["edge"])


def test_the_guideline_stays_as_it_was_left(review: Page) -> None:
    guideline = review.get_by_text("Answer in one sentence.")
    expect(guideline).to_be_visible()
    review.keyboard.press("g")
    expect(guideline).to_be_hidden()
    review.keyboard.press("a")
    question(review, 1)
    expect(guideline).to_be_hidden()


# What is promised. A machine that is busy with other things as well may set it higher.
PAINTED_MS = float(os.environ.get("HOLDOUT_TEST_PAINTED_MS", "100"))
MEASURE = """() => {
  window.paints = [];
  let pressed = 0;
  addEventListener("keydown", () => { pressed = performance.now(); }, { capture: true });
  new MutationObserver((changes) => {
    if (!pressed || !changes.some((one) => [...one.addedNodes].some((node) => node.id === "item"))) return;
    const from = pressed;
    pressed = 0;
    // After the frame is drawn: the first message that runs behind it
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => window.paints.push(performance.now() - from);
      channel.port2.postMessage(0);
    });
  }).observe(document.querySelector(".review"), { childList: true });
}"""


def test_fifty_examples_by_the_keyboard(
    page: Page, app_url: str, factory: Factory, project: Project, watched: list[str]
) -> None:
    add_examples(factory, project, 50)
    sign_in(page, app_url, factory, project)
    page.evaluate(MEASURE)
    for number in range(50):
        question(page, number)
        if number % 10 == 4:
            page.keyboard.press("e")
            page.keyboard.type(" Edited.")
            page.keyboard.press("Control+Enter")
        else:
            page.keyboard.press("ax"[number % 2])
    expect(page.get_by_text("All done")).to_be_visible()
    paints = sorted(page.evaluate("window.paints"))
    print(
        f"\nkey press to next example painted: median {median(paints):.0f} ms, worst {paints[-1]:.0f}, n {len(paints)}"
    )
    found = factory.session.query(Example).order_by(Example.id).all()
    assert [one.status for one in found] == ["approved", "rejected"] * 25
    assert sum(one.answer.endswith("Edited.") for one in found) == 5
    assert factory.session.query(Annotation).count() == 50
    assert len(paints) >= 45
    assert median(paints) <= PAINTED_MS


def test_what_cannot_be_saved_comes_back(review: Page, factory: Factory) -> None:
    question(review, 0)
    review.keyboard.press("e")
    review.keyboard.press("Control+a")
    review.keyboard.press("Delete")
    review.keyboard.press("Control+Enter")
    expect(review.get_by_role("alert")).to_contain_text("Not saved")  # an empty answer is refused
    question(review, 0)
    review.get_by_label("Text of the assistant message").fill("Mended.")
    review.keyboard.press("Control+Enter")
    question(review, 1)
    review.route("**/decision*", lambda route: route.abort())
    review.keyboard.press("e")
    review.keyboard.type(" Mine.")
    review.keyboard.press("Control+Enter")
    question(review, 2)
    expect(review.locator("[data-figures]")).to_contain_text("Not saved yet")
    review.unroute("**/decision*")
    expect(review.locator("[data-figures]")).to_contain_text("2 of 4")
    factory.session.expire_all()
    answers = [one.answer for one in factory.session.query(Example).order_by(Example.id)]
    assert answers == ["Mended.", "Answer 1. Mine.", "Answer 2.", "Answer 3."]


def test_a_draft_waits_on_any_machine(review: Page, factory: Factory) -> None:
    question(review, 0)
    review.keyboard.press("e")
    review.keyboard.type(" Half a")
    with review.expect_response(lambda answer: answer.request.method == "POST"):
        review.keyboard.press("Control+s")
    question(review, 1)
    expect(review.locator("[data-figures]")).to_contain_text("0 of 4")
    review.evaluate("localStorage.clear()")  # as on another machine
    review.goto(f"{review.url}?queue=draft")
    question(review, 0)
    expect(review.get_by_label("Text of the assistant message")).to_have_value("Answer 0. Half a")
    review.keyboard.press("Control+Enter")
    expect(review.get_by_text("No drafts")).to_be_visible()
    assert statuses(factory)[0] == "approved"
    review.get_by_role("link", name="Done").click()
    review.get_by_role("link", name="Change").click()
    review.locator("html[data-ready]").wait_for()
    review.keyboard.press("x")
    expect(review.get_by_role("cell", name="rejected").first).to_be_visible()
    assert statuses(factory)[0] == "rejected"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(review: Page, scheme: Any, width: int) -> None:
    reader = review.context.new_page()  # not watched: axe itself breaks the CSP
    reader.emulate_media(color_scheme=scheme)
    reader.set_viewport_size({"width": width, "height": 860})
    reader.goto(review.url)
    reader.locator("html[data-ready]").wait_for()
    reader.keyboard.press("e")
    found = Axe().run(reader)
    assert found.violations_count == 0, found.generate_report()
    assert reader.evaluate("document.documentElement.scrollWidth <= innerWidth")
