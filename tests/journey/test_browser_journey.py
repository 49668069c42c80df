"""The journey of a newcomer, 1 to 8, in a real browser with the real engine tuning the real small model."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.conftest import CSP_WORDS
from tests.journey import data
from tests.journey.stack import Stack

pytestmark = [pytest.mark.engine, pytest.mark.browser]
SLUG = "routing"
MODEL = "smollm2-135m-instruct"
SECOND = 1000
LONG = 420 * SECOND  # one training, or one eval run that waits for the model to be prepared


class Person:
    """One person in a browser of their own; what the page does wrong is collected."""

    def __init__(self, browser: Browser, stack: Stack, link: str, problems: list[str]) -> None:
        self.context: BrowserContext = browser.new_context(viewport={"width": 1280, "height": 900})
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(15 * SECOND)
        self.page.on("pageerror", lambda error: problems.append(str(error)))
        self.page.on("console", lambda m: problems.append(m.text) if CSP_WORDS in m.text else None)
        self.page.on("response", lambda r: problems.append(f"{r.status} {r.url}") if r.status >= 500 else None)
        self.url = stack.url
        self.page.goto(link)
        self.page.wait_for_url(re.compile(r"/p/|/projects"))

    def go(self, path: str) -> Page:
        self.page.goto(f"{self.url}/p/{SLUG}{path}")
        return self.page

    def click(self, name: str, role: str = "button") -> None:
        self.page.get_by_role(role, name=name).first.click()  # type: ignore[arg-type]


@pytest.fixture
def problems() -> Iterator[list[str]]:
    found: list[str] = []
    yield found
    assert found == []


def invite(stack: Stack, email: str) -> str:
    return stack.holdout("user", "add", email, "--role", "annotator", "--project", SLUG)


def test_the_journey(browser: Browser, stack: Stack, problems: list[str]) -> None:
    admin = Person(browser, stack, stack.link, problems)
    signed_in(admin)
    make_project(admin)
    import_files(admin)
    ana = Person(browser, stack, invite(stack, "ana@larkstead.example"), problems)
    ben = Person(browser, stack, invite(stack, "ben@larkstead.example"), problems)
    review(ana, ben)
    approve_the_rest(admin)
    seal(admin)
    measure_base(admin)
    freeze_and_tune(admin)
    compare(admin)
    vote_and_close(admin, ana, ben)


def signed_in(admin: Person) -> None:
    """1. The demo project's overview: the path of stages, and one next thing."""
    page = admin.page
    if page.url.endswith("/projects"):  # another journey made a second project on this instance
        admin.click("Billing support", "link")
    expect(page.get_by_role("heading", name="Billing support")).to_be_visible()
    steps = page.get_by_role("list", name="The path of the work").get_by_role("listitem")
    expect(steps).to_have_count(7)
    expect(page.get_by_role("link", name="Seal a test set")).to_be_visible()


def make_project(admin: Person) -> None:
    page = admin.page
    page.goto(f"{admin.url}/projects/new")
    page.get_by_label("Name", exact=True).fill("Routing")
    page.get_by_label("Short name in addresses").fill(SLUG)
    page.get_by_role("radio", name="classification").check()
    page.get_by_label("Labels").fill("\n".join(data.LABELS))
    admin.click("Create the project")
    expect(page.get_by_role("link", name="Import examples")).to_be_visible()


def import_files(admin: Person) -> None:
    """2. JSONL with broken lines and a duplicate; a CSV with a column mapping and preview."""
    page = admin.go("/imports/new")
    page.get_by_label("File", exact=True).set_input_files(
        {"name": "tickets.jsonl", "mimeType": "application/jsonl", "buffer": data.jsonl()}
    )
    admin.click("Upload and look")
    expect(page.get_by_text("would be refused").first).to_be_visible()
    admin.click("Import")
    expect(page.get_by_role("heading", name="54 examples came in")).to_be_visible(timeout=30 * SECOND)
    expect(page.get_by_text("1 exact duplicate")).to_be_visible()
    expect(page.get_by_role("table", name="Refused lines").get_by_role("row")).to_have_count(4)
    page = admin.go("/imports/new")
    page.get_by_label("File", exact=True).set_input_files(
        {"name": "more.csv", "mimeType": "text/csv", "buffer": data.csv_file()}
    )
    admin.click("Upload and look")
    page.get_by_label("Request", exact=True).select_option("text")
    page.get_by_label("Label", exact=True).select_option("team")
    page.get_by_label("System message for every row").fill(data.SYSTEM)
    admin.click("Look again with this")
    expect(page.get_by_role("heading", name=re.compile("6 of the 6 rows can come in"))).to_be_visible()
    admin.click("Import")
    expect(page.get_by_role("heading", name="6 examples came in")).to_be_visible(timeout=30 * SECOND)


def review(ana: Person, ben: Person) -> None:
    """3. Keyboard only: approve, edit, tag, reject, undo; two people never hold the same example."""
    page, other = ana.go("/review"), ben.go("/review")
    number = page.locator(".focus-note a").first
    first = number.inner_text()
    assert first != other.locator(".focus-note a").first.inner_text()
    page.keyboard.press("1")
    page.keyboard.press("a")
    expect(number).not_to_have_text(first)
    page.keyboard.press("u")
    expect(number).to_have_text(first)
    page.keyboard.press("a")
    expect(number).not_to_have_text(first)
    second = number.inner_text()
    page.keyboard.press("x")
    expect(number).not_to_have_text(second)
    third = number.inner_text()
    page.keyboard.press("e")
    page.keyboard.press("End")
    page.keyboard.type("!")
    page.wait_for_timeout(600)  # a draft is kept a moment after the last key
    page.reload()
    expect(page.get_by_text("Your unsent text was brought back")).to_be_visible()
    expect(number).to_have_text(third)
    with page.expect_response(lambda answer: answer.url.endswith("/decision")):  # saved, not only shown
        page.keyboard.press("w")
    expect(number).not_to_have_text(third)


def approve_the_rest(admin: Person) -> None:
    """Bulk: all that still waits."""
    page = admin.go("/examples?status=to_review")
    page.get_by_role("checkbox", name=re.compile("that match")).check()
    admin.click("Approve")
    expect(page.get_by_text(re.compile("57"))).to_be_visible()


def seal(admin: Person) -> None:
    """4. A fraction, sealed for good."""
    page = admin.go("/test-sets/new")
    page.get_by_label("Name", exact=True).fill("Held out")
    page.get_by_label("Share, in percent").fill("30")
    admin.click("Make the draft")
    admin.click("Seal…", "link")
    admin.click("Seal for good")
    expect(page.get_by_text("sealed").first).to_be_visible()
    expect(page.get_by_role("link", name="Run a candidate on it")).to_be_visible()


def launch_is_refused(admin: Person) -> None:
    page = admin.go("/versions/new")
    admin.click("Freeze", "button")
    admin.click("Fine-tune on it", "link")
    expect(page.get_by_role("button", name="Launch", exact=True)).to_be_disabled()
    expect(page.get_by_text("It cannot be launched yet")).to_be_visible()


def measure_base(admin: Person) -> None:
    """5. A candidate, its run with live progress, metrics with intervals, every output. Before it: no launch."""
    launch_is_refused(admin)
    page = admin.go("/candidates/new")
    page.get_by_label("Name", exact=True).fill("Base")
    page.get_by_label("Model", exact=True).fill(MODEL)
    page.get_by_text("More: template, sampling, price").click()
    page.get_by_label("Most tokens in an answer").fill("64")
    admin.click("Make the candidate")
    run_candidate(admin)
    page.get_by_role("table", name="Outputs").get_by_role("link").first.click()
    expect(page.get_by_role("table", name="Grades")).to_contain_text("task accuracy")


def run_candidate(admin: Person) -> None:
    page = admin.page
    admin.click("Measure", "link")
    admin.click("Start the run")
    expect(page.get_by_role("table", name="Metrics of this run")).to_be_visible(timeout=LONG)
    metrics = page.get_by_role("table", name="Metrics of this run")
    expect(metrics.get_by_role("row", name=re.compile("Task accuracy.* to "))).to_be_visible()


def freeze_and_tune(admin: Person) -> None:
    """6. Frozen already; now the launch is open. A live curve, and a candidate by itself."""
    page = admin.go("/fine-tunes/new")
    page.get_by_label("Base model", exact=True).fill(MODEL)
    page.get_by_label(re.compile("^Epochs")).fill("3")
    launch = page.get_by_role("button", name="Launch", exact=True)
    expect(launch).to_be_enabled(timeout=10 * SECOND)
    launch.click()
    expect(page.get_by_role("figure", name="By training step")).to_be_visible()
    measure = page.get_by_role("link", name="Measure it on the sealed set")
    expect(measure).to_be_visible(timeout=LONG)
    assert len(page.get_by_role("figure").locator("tbody tr").all()) > 3
    measure.click()
    admin.click("Start the run")
    expect(page.get_by_role("table", name="Metrics of this run")).to_be_visible(timeout=LONG)


def compare(admin: Person) -> None:
    """7. A plain sentence, the paired difference with interval and n, the regressions."""
    page = admin.page
    admin.click("Compare", "link")
    table = page.get_by_role("table", name="Difference on each measure")
    expect(table.get_by_role("row", name=re.compile("Task accuracy"))).to_be_visible()
    expect(page.get_by_text(re.compile("95 % CI|No difference shown")).first).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("Regressions")).first).to_be_visible()


def vote_and_close(admin: Person, ana: Person, ben: Person) -> None:
    """8. Two reviewers with keys only; results only after the close."""
    page = admin.page
    page.get_by_role("link", name="Open a blind round").first.click()
    page.get_by_label("At most this many pairs").fill("4")
    admin.click("Open the round")
    expect(page.get_by_text("Results exist only once the round is closed")).to_be_visible()
    address = page.url
    for person in (ana, ben):
        person.page.goto(f"{address}/vote")
        expect(person.page.locator("#item")).to_be_visible()
        for key in "1202":
            if person.page.get_by_role("button", name="Left is better").count():
                done = person.page.locator(".focus-head .aside").inner_text()
                person.page.keyboard.press(key)
                expect(person.page.locator(".focus-head .aside")).not_to_have_text(done)
        expect(person.page.get_by_text(re.compile("All pairs are voted on|No pair was given"))).to_be_visible()
    admin.click("Close the round")
    page.get_by_role("button", name="Close it").click()
    expect(page.get_by_role("table", name="Win rates")).to_contain_text("preferred to")
    page.get_by_text("Agreement between reviewers, side and consistency").click()
    expect(page.get_by_role("table", name="Agreement")).to_contain_text("Reviewers agree")
