"""The checks in a real browser: masking by a key, a cluster, findings in the review, a scan that is watched."""

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.accounts.access import COOKIE
from app.checks import scan
from app.projects.models import Project
from tests.checks.factories import mail, scanned, with_mail
from tests.examples.factories import add
from tests.factories import Factory

pytestmark = pytest.mark.browser


@pytest.fixture
def base(page: Page, app_url: str, factory: Factory, project: Project) -> str:
    """The address of the project, for a signed-in engineer."""
    token = accounts.start_session(factory.session, factory.member(project, "engineer"))
    page.context.add_cookies([{"name": COOKIE, "value": token, "url": app_url}])
    factory.session.commit()
    return f"{app_url}/p/{project.slug}"


@pytest.mark.usefixtures("watched")
def test_an_address_is_masked_by_a_key_and_brought_back(
    page: Page, base: str, session: Session, project: Project
) -> None:
    with_mail(session, project, 1)
    with_mail(session, project, 2)
    scanned(session, project)
    page.goto(f"{base}/checks")
    page.get_by_role("link", name="Decide", exact=True).click()
    expect(page.locator("mark")).to_have_text(["ana.lopes@harborline.example"] * 2)
    page.keyboard.press("m")
    expect(page.get_by_text("1 finding masked.")).to_be_visible()
    expect(page.locator("mark")).to_have_count(1)
    page.keyboard.press("u")
    expect(page.get_by_text("Taken back.")).to_be_visible()
    page.get_by_label("All 2 that match").check()
    page.get_by_role("button", name="Mask", exact=True).click()
    expect(page.get_by_text("2 findings masked. 2 examples changed.")).to_be_visible()
    expect(page.get_by_role("heading", name="Nothing open")).to_be_visible()


@pytest.mark.usefixtures("watched")
def test_an_approval_says_why_and_until_when(page: Page, base: str, session: Session, project: Project) -> None:
    example = with_mail(session, project)
    scanned(session, project)
    page.goto(f"{base}/examples/{example.id}")
    page.get_by_text("Approve…").click()
    page.get_by_label("Reason").fill("The address is made up")
    page.get_by_label("Until").fill("2099-06-30")
    page.get_by_role("button", name="Approve for training").click()
    expect(page.get_by_text("approved for training: The address is made up")).to_be_visible()
    page.get_by_role("button", name="Open again").click()
    expect(page.get_by_role("button", name="Mask")).to_be_visible()


@pytest.mark.usefixtures("watched")
def test_the_differences_of_a_cluster_are_marked_and_one_is_kept(
    page: Page, base: str, session: Session, project: Project
) -> None:
    best = add(session, project, request="Where is my invoice?", status="approved")
    other = add(session, project, request="WHERE is my invoice", tags=["loud"])
    scanned(session, project)
    page.goto(f"{base}/checks/duplicate")
    cluster = page.locator(".cluster")
    expect(cluster.locator("del").first).to_have_text("Where")
    expect(cluster.locator("ins").first).to_have_text("WHERE")
    expect(cluster.get_by_text("The same answer.")).to_be_visible()
    page.keyboard.press("1")
    expect(page.get_by_text("folded into the one that is kept")).to_be_visible()
    page.goto(f"{base}/examples/{best.id}")
    expect(page.locator(".tags").get_by_text("loud")).to_be_visible()
    page.goto(f"{base}/examples/{other.id}")
    expect(page.locator(".page-head").get_by_text("rejected")).to_be_visible()


@pytest.mark.usefixtures("watched")
def test_the_review_shows_and_masks_what_was_found(page: Page, base: str, session: Session, project: Project) -> None:
    with_mail(session, project)
    scanned(session, project)
    page.goto(f"{base}/review")
    expect(page.locator(".beside mark")).to_have_text("ana.lopes@harborline.example")
    page.keyboard.press("m")
    expect(page.locator(".turn, .message").get_by_text(mail(1, "[EMAIL]")).first).to_be_visible()
    expect(page.locator(".beside")).to_have_count(0)
    page.keyboard.press("a")
    expect(page.get_by_text("All done")).to_be_visible()


@pytest.mark.usefixtures("watched")
def test_a_scan_is_watched_to_its_end(page: Page, base: str, session: Session, project: Project) -> None:
    with_mail(session, project)
    page.goto(f"{base}/checks")
    page.get_by_role("button", name="Scan what is new").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    scan.run_scan(project.id)
    expect(page.get_by_role("heading", name="Sensitive data")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
