"""Every page, in both themes and two widths: opens, fits, is accessible, breaks no rule of the CSP."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from fastapi.routing import iter_route_contexts
from playwright.sync_api import BrowserContext, Page, expect
from starlette.routing import Route

from app.accounts.access import COOKIE
from tests.browser.filled import Filled
from tests.conftest import the_app

pytestmark = pytest.mark.browser
# streams, downloads, fragments and redirects are no pages
NO_PAGE = re.compile(
    r"/events$|/export$|/report$|/folder$|/standing$|/sides$|/rejections|/left-out$|/healthz|/readyz|^/$|/preview$|\.(csv|jsonl)$|candidate_id}/lineage$"
)
# what a page cannot do without
ASKED = {
    "/p/{slug}/versions/{version_id}/diff": "?against={against}",
    "/p/{slug}/fine-tunes/compare": "?run={fine_tune_id}&run={other_tune_id}",
}
VOTERS = re.compile(r"/vote$")


def paths() -> list[str]:
    found = []
    for context in iter_route_contexts(the_app().routes):
        path, methods = context.path or "", getattr(context, "methods", None) or set()
        is_page = isinstance(context.original_route, Route) and not path.startswith("/api/")
        if is_page and "GET" in methods and not NO_PAGE.search(path):
            found.append(path)
    return sorted(set(found))


@pytest.mark.parametrize("path", paths())
def test_page(page: Page, context: BrowserContext, site: Filled, watched: list[str], path: str) -> None:
    role = "annotator" if VOTERS.search(path) else "admin"
    context.add_cookies([{"name": COOKIE, "value": site.cookies[role], "url": site.url}])
    asked = path + ASKED.get(path, "")
    address = site.url + re.sub(r"\{(\w+)(?::path)?\}", lambda match: site.ids[match.group(1)], asked)
    for width, scheme in ((1280, "light"), (390, "dark")):
        show(page, address, width, scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, "wider than the screen"
    reader = context.new_page()  # not watched: axe itself breaks the CSP
    for width, scheme in ((1280, "light"), (1280, "dark"), (390, "light")):
        show(reader, address, width, scheme)
        found = Axe().run(reader)
        assert found.violations_count == 0, found.generate_report()


def show(page: Page, address: str, width: int, scheme: str) -> None:
    page.set_viewport_size({"width": width, "height": 860})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == 200, f"{address}: {answer.status}"
    expect(page.locator(".htmx-request")).to_have_count(0)  # a control that waits for its answer is dimmed
