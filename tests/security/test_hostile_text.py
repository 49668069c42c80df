"""Hostile text in every text field of pages and API: stored as it is or refused, never a 500, never live."""

import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.accounts.access import COOKIE
from tests.browser.conftest import site as site  # the filled instance
from tests.browser.filled import Filled
from tests.browser.test_pages import paths
from tests.conftest import ORIGIN, the_app
from tests.security.strings import hostile

LIVE = re.compile(r"<script>alert|<img src=x onerror|<svg/onload|javascript:alert\(1\)\"", re.I)
LEAVES = ("/sign-out", "/removal", "/closing", "/archiving", "/seal", "/password", "/undo")


class Forms(HTMLParser):
    """POST forms of a page: (action, {field: value}, names of text fields)."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str], list[str]]] = []
        self.inside = False

    def handle_starttag(self, tag: str, raw: list[tuple[str, str | None]]) -> None:
        at = dict(raw)
        if tag == "form":
            self.inside = at.get("method") == "post"
            if self.inside:
                self.found.append((at.get("action") or "", {}, []))
        elif self.inside and tag in ("input", "textarea", "select") and at.get("name"):
            _action, fields, texts = self.found[-1]
            fields[str(at["name"])] = at.get("value") or ""
            if tag == "textarea" or at.get("type", "text") in ("text", "email", "search", None):
                texts.append(str(at["name"]))

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "form"


@pytest.fixture(scope="module")
def browser(site: Filled) -> Iterator[TestClient]:
    with TestClient(the_app(), headers=ORIGIN, follow_redirects=False, raise_server_exceptions=False) as client:
        client.cookies.set(COOKIE, site.cookies["admin"])
        yield client


def forms(browser: TestClient, site: Filled) -> Iterator[tuple[str, str, dict[str, str], list[str]]]:
    for path in paths():
        page = re.sub(r"\{(\w+)\}", lambda match: site.ids[match.group(1)], path)
        parser = Forms()
        parser.feed(browser.get(page).text)
        for action, fields, texts in parser.found:
            if texts and not action.endswith(LEAVES):
                yield page, action, fields, texts


def test_every_form(browser: TestClient, site: Filled) -> None:
    seen: set[str] = set()
    for page, action, fields, texts in forms(browser, site):
        if action in seen:
            continue
        seen.add(action)
        for text in hostile(12):
            filled = fields | dict.fromkeys(texts, text)
            answer = browser.post(action, data=filled)
            assert answer.status_code < 500, (action, text[:60], answer.status_code)
            assert not LIVE.search(answer.text), (action, text[:60])
        shown = browser.get(page)
        assert shown.status_code == 200, page
        assert not LIVE.search(shown.text), page
    assert len(seen) >= 8


def bodies(client: TestClient) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(method, path, JSON schema) of every operation that takes JSON."""
    spec = client.get("/api/v1/openapi.json").json()
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema")
            if schema:
                yield method, path, resolved(schema, spec)


def resolved(schema: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    options = [schema, *schema.get("anyOf", [])]
    for option in options:
        if "$ref" in option:
            name = option["$ref"].rsplit("/", 1)[1]
            found: dict[str, Any] = spec["components"]["schemas"][name]
            return found
    return schema


def body_with(schema: dict[str, Any], text: str) -> dict[str, Any]:
    """Every field of the schema, its texts replaced."""
    body: dict[str, Any] = {}
    for name, field in schema.get("properties", {}).items():
        kinds = {field.get("type")} | {option.get("type") for option in field.get("anyOf", [])}
        if "string" in kinds:
            body[name] = text
        elif "array" in kinds:
            body[name] = [text]
        elif "object" in kinds:
            body[name] = {text[:50]: text}
        elif "integer" in kinds or "number" in kinds:
            body[name] = 1
    return body


def test_every_json_body(browser: TestClient, site: Filled) -> None:
    from app.accounts import service
    from app.accounts.models import User
    from app.core.db import transaction

    with transaction() as session:
        owner = session.query(User).filter_by(email="admin@localhost").one()
        bearer = {"Authorization": f"Bearer {service.make_token(session, owner, 'hostile')[1]}"}
    statuses: Counter[int] = Counter()
    for method, path, schema in bodies(browser):
        known = {**site.ids, "test_set_id": site.ids["set_id"], "dataset_version_id": site.ids["version_id"]}
        address = re.sub(r"\{(\w+)\}", lambda match: known.get(match.group(1), site.ids["run_id"]), path)  # noqa: B023
        for text in hostile(6):
            answer = browser.request(method, address, json=body_with(schema, text), headers=bearer)
            assert answer.status_code < 500, (method, path, text[:60], answer.text[:300])
            statuses[answer.status_code] += 1
        for raw in (b"{", b'"\xff"', b"[" * 100_000, b'{"name": "\\ud800"}', b"\xef\xbb\xbf{}", b"1" * 5_000):
            headers = bearer | {"content-type": "application/json"}
            answer = browser.request(method, address, content=raw, headers=headers)
            assert answer.status_code < 500, (method, path, raw[:20], answer.text[:300])
    assert statuses[401] == 0
    assert statuses[422] > 100
    assert statuses[200] + statuses[201] + statuses[202] > 10
