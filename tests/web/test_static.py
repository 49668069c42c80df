"""Vendored code is what its checksums say, and static addresses change when any file does."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.main import LongLivedStatic
from app.web import render, static
from app.web.patterns import sample_page

VENDOR = static.STATIC / "vendor"


def test_vendor_files_match_their_sums() -> None:
    sums = dict(reversed(line.split()) for line in (VENDOR / "SHA256SUMS").read_text().splitlines())
    code = {path.name for path in VENDOR.iterdir() if path.suffix in {".js", ".css"}}
    assert set(sums) == code
    for name, expected in sums.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == expected, name


def test_every_named_icon_is_in_the_sprite() -> None:
    symbols = set(re.findall(r'symbol id="([a-z-]+)"', (static.STATIC / "icons.svg").read_text()))
    html = (
        render.environment().get_template("patterns/index.html").render(page=sample_page(), nav=render.Nav(), now=None)
    )
    used = set(re.findall(r"icons\.svg#([a-z-]+)", html))
    assert len(used) > 30
    assert used <= symbols


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "a.js").write_text("export const a = 1;")
    monkeypatch.setattr(static, "STATIC", tmp_path)
    static.static_version.cache_clear()
    yield tmp_path
    static.static_version.cache_clear()


def test_addresses_change_with_any_file_and_only_versioned_ones_are_kept(folder: Path) -> None:
    app = FastAPI()
    app.mount("/static", LongLivedStatic(directory=folder))
    client = TestClient(app)
    before = static.static_url("a.js")
    kept = client.get(before)
    assert kept.text == "export const a = 1;"
    assert "immutable" in kept.headers["cache-control"]
    assert client.get("/static/a.js").headers["cache-control"] == "no-cache"
    (folder / "b.css").write_text("a { color: red }")
    static.static_version.cache_clear()
    assert static.static_url("a.js") != before
    assert client.get(before).status_code == 404
