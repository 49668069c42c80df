"""Examples in a real browser: upload, instant search, bulk with undo, drafts, an edit that came too late."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.accounts.access import COOKIE
from app.examples import importing, service
from app.examples.models import Import
from app.projects.models import Project
from tests.examples.factories import add, chat, jsonl
from tests.factories import Factory

pytestmark = pytest.mark.browser


@pytest.fixture
def project(factory: Factory) -> Project:
    return factory.project()


@pytest.fixture
def base(page: Page, app_url: str, factory: Factory, project: Project) -> str:
    """The address of the project, for a signed-in engineer."""
    token = accounts.start_session(factory.session, factory.member(project, "engineer"))
    page.context.add_cookies([{"name": COOKIE, "value": token, "url": app_url}])
    factory.session.commit()
    return f"{app_url}/p/{project.slug}"


def accessible(page: Page) -> None:
    """For a page that is not ``watched``: axe itself breaks the CSP."""
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.usefixtures("watched")
def test_a_file_comes_in_and_is_taken_back(page: Page, base: str, session: Session, tmp_path: Path) -> None:
    path = tmp_path / "tickets.jsonl"
    path.write_bytes(jsonl(chat("First request"), b"{broken", chat("Second request")))
    page.goto(f"{base}/imports/new")
    page.get_by_label("File", exact=True).set_input_files(path)
    expect(page.get_by_text("tickets.jsonl, ")).to_be_visible()
    page.get_by_role("button", name="Upload and look").click()
    expect(page.get_by_text("2 of the 3 rows can come in.")).to_be_visible()
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("queued")).to_be_visible()
    importing.run_import(session.query(Import.id).scalar())
    expect(page.get_by_text("2 examples came in.")).to_be_visible()
    page.get_by_role("button", name="Take the import back").click()
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("then were taken back")).to_be_visible()


@pytest.mark.usefixtures("watched")
def test_a_refused_file_is_named_and_stays_chosen(page: Page, base: str, tmp_path: Path) -> None:
    path = tmp_path / "sheet.xlsx"
    path.write_bytes(b"PK\x03\x04 not a table")
    page.goto(f"{base}/imports/new")
    page.get_by_label("File", exact=True).set_input_files(path)
    page.get_by_role("button", name="Upload and look").click()
    expect(page.get_by_role("alert")).to_contain_text("save the sheet as CSV")
    expect(page.get_by_text("sheet.xlsx, ")).to_be_visible()


@pytest.mark.usefixtures("watched")
def test_search_while_typing_and_bulk_with_undo(page: Page, base: str, session: Session, project: Project) -> None:
    for words in ("Refund my plan", "Refund it now", "Cancel everything"):
        add(session, project, request=words)
    page.goto(f"{base}/examples")
    page.keyboard.press("/")
    page.keyboard.type("refu")
    expect(page.get_by_text("Cancel everything")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/examples\?q=refu"))
    expect(page.get_by_label("Search")).to_be_focused()
    page.get_by_role("checkbox", name="All 2 that match").check()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("2 examples approved.")).to_be_visible()
    page.get_by_label("Search").press("Escape")
    page.keyboard.press("u")
    expect(page.get_by_text("Taken back.")).to_be_visible()
    expect(page.locator(".pill")).to_have_text(["to review", "to review"])
    page.reload()
    expect(page.get_by_text("Cancel everything")).to_have_count(0)


def test_a_draft_survives_and_a_late_edit_shows_both(page: Page, base: str, session: Session, project: Project) -> None:
    example = add(session, project)
    page.goto(f"{base}/examples/{example.id}")
    page.keyboard.press("e")
    answer = page.get_by_label("Message 3", exact=True)
    answer.fill("My careful words")
    page.wait_for_timeout(400)
    page.reload()
    expect(page.get_by_text("Your unsent text was brought back")).to_be_visible()
    expect(answer).to_have_value("My careful words")
    service.revise(session, None, example, 1, messages=chat(answer="Somebody was faster")["messages"])
    session.commit()
    answer.press("Control+Enter")
    expect(page.get_by_text("Somebody was faster")).to_be_visible()
    expect(answer).to_have_value("My careful words")
    accessible(page)


def test_the_first_look_at_a_table_is_accessible(page: Page, base: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"text,team\nHi,general\n,empty\n")
    page.goto(f"{base}/imports/new")
    page.get_by_label("File", exact=True).set_input_files(path)
    page.get_by_role("button", name="Upload and look").click()
    expect(page.get_by_text("1 of the 2 rows can come in.")).to_be_visible()
    accessible(page)
