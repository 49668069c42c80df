"""Templates hold nothing that the CSP would block or that would trust somebody's text."""

from pathlib import Path

import pytest
import re2

from app.web.render import environment
from app.web.static import ROOT

TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
FORBIDDEN = {
    "inline style": r"\sstyle\s*=",
    "inline script": r"<script(?:\s+[a-z-]+(?:=\"[^\"]*\")?)*\s*>",
    "inline handler": r"\son[a-z]+\s*=\s*[\"']",
    "htmx inline script": r"hx-on",
    "trusted text": r"\|\s*safe\b",
    "autoescape off": r"autoescape\s+false",
}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_template_is_clean(path: Path) -> None:
    source = path.read_text()
    found = [name for name, pattern in FORBIDDEN.items() if re2.search(pattern, source)]
    assert found == [] or (found == ["inline script"] and 'src="' in source)
    environment().get_template(str(path.relative_to(ROOT / "templates")))
    assert source.count("\n") <= 150, "split it"
