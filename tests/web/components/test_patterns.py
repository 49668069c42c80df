"""The page of every component: accessible in both themes and at both widths, never wider than the screen."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_patterns(browser: Browser, bench_url: str, width: int, theme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 860}, color_scheme=theme)  # type: ignore[arg-type]
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{bench_url}/patterns")
    page.locator("[data-live-plot] canvas").wait_for()
    # before axe: its own preloading of stylesheets is reported as a violation
    assert problems == []
    assert page.locator("html").evaluate("e => e.scrollWidth - e.clientWidth") == 0
    report = Axe().run(page)
    assert report.violations_count == 0, report.generate_report()
    context.close()
