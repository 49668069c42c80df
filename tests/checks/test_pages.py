"""The pages of the checks without JavaScript: what they say, and decisions by plain forms."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.checks import service
from app.projects.models import Project
from tests.checks.factories import MAIL, findings, kinds, scanned, settled, with_mail
from tests.examples.factories import add
from tests.factories import Factory


@pytest.fixture
def base(client: TestClient, factory: Factory, project: Project, user: User) -> str:
    factory.sign_in(client, user)
    return f"/p/{project.slug}"


def test_the_summary_names_what_to_fix_first(client: TestClient, base: str, session: Session, project: Project) -> None:
    assert "Nothing to look at yet" in client.get(f"{base}/checks").text
    with_mail(session, project, 1)
    with_mail(session, project, 2)
    add(session, project, request="Where is my invoice?")
    add(session, project, request="where is my invoice")
    assert "Nothing has been looked at yet." in client.get(f"{base}/checks").text
    scanned(session, project)
    page = client.get(f"{base}/checks").text
    first = (
        "First: 2 pieces of sensitive data in 2 examples, kept out of training until decided; 1 more kind after that."
    )
    assert first in page
    assert page.index("Sensitive data") < page.index("Exact duplicates")
    assert f'href="{base}/examples?finding=sensitive"' in page
    rail = re.search(r"<span>Checks</span>\s*<span class=\"count\">(\d+)</span>", page)
    assert rail is not None
    assert rail[1] == "3"


def test_a_scan_is_started_watched_and_cancelled(
    client: TestClient, base: str, session: Session, project: Project, run_jobs: Callable[[], None]
) -> None:
    example = with_mail(session, project)
    settled(session)
    assert client.post(f"{base}/scans").status_code == 303
    page = client.get(f"{base}/checks").text
    standing = re.search(r'hx-get="([^"]+/standing)"', page)
    assert standing is not None
    fragment = client.get(standing[1], headers={"hx-request": "true"}).text
    assert "<html" not in fragment
    assert "queued" in fragment
    run_jobs()
    fragment = client.get(standing[1], headers={"hx-request": "true"}).text
    assert "hx-trigger" not in fragment
    assert "Sensitive data" in fragment
    assert kinds(session, example) == ["sensitive"]
    asked = service.request(session, None, project, full=True)
    session.commit()
    assert client.post(f"{base}/scans/{asked.id}/cancelling").status_code == 303
    assert "The scan was cancelled" in client.get(f"{base}/checks").text


def test_one_is_decided_and_the_notice_takes_it_back(
    client: TestClient, base: str, session: Session, project: Project
) -> None:
    with_mail(session, project)
    scanned(session, project)
    one = findings(session, project)[0]
    answer = client.post(f"{base}/checks/sensitive/decision", data={"one": f"{one.id} mask", "state": "open"})
    assert answer.status_code == 303
    page = client.get(answer.headers["location"]).text
    assert "1 finding masked. 1 example changed." in page
    undo = re.search(r'action="([^"]+/undo[^"]*)"', page)
    assert undo is not None
    answer = client.post(undo[1].replace("&amp;", "&"))
    assert answer.status_code == 303
    page = client.get(answer.headers["location"]).text
    assert "Taken back." in page
    assert "<mark" in page
    assert "ana.lopes@harborline.example" in page


def test_all_that_match_are_decided_if_the_count_is_right(
    client: TestClient, base: str, session: Session, project: Project
) -> None:
    for number in range(3):
        with_mail(session, project, number)
    scanned(session, project)
    form = {"action": "mask", "scope": "all", "expected_count": "2", "state": "open"}
    refused = client.post(f"{base}/checks/sensitive/decision", data=form)
    assert refused.status_code == 409
    assert "matches 3 findings now, not 2" in refused.text
    assert client.post(f"{base}/checks/sensitive/decision", data={"action": "mask"}).status_code == 422
    assert client.post(f"{base}/checks/sensitive/decision", data=form | {"expected_count": "3"}).status_code == 303
    assert findings(session, project) == []


def test_very_many_are_decided_in_steps_and_taken_back_step_by_step(
    client: TestClient, base: str, session: Session, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.checks.remedies.MAX_AT_ONCE", 2)
    for number in range(5):
        with_mail(session, project, number)
    scanned(session, project)
    form = {"action": "mask", "scope": "all", "expected_count": "5", "state": "open"}
    page = client.get(client.post(f"{base}/checks/sensitive/decision", data=form).headers["location"]).text
    assert "2 findings masked. 2 examples changed. 3 more match." in page
    for left in (3, 1):
        assert len(findings(session, project)) == left
        (url,) = re.findall(r'action="([^"]+/continuation[^"]*)"', page)
        page = client.get(client.post(unescape(url)).headers["location"]).text
    assert "1 finding masked. 1 example changed.<" in page.replace("\n", "")
    assert findings(session, project) == []
    assert client.post(unescape(url)).status_code == 409, "what was done is not done again"
    for back in (1, 3, 5):
        (url,) = re.findall(r'action="([^"]+/undo[^"]*)"', page)
        page = client.get(client.post(unescape(url)).headers["location"]).text
        assert len(findings(session, project)) == back
    assert "Taken back." in page


def test_an_approval_without_a_reason_keeps_what_was_typed(
    client: TestClient, factory: Factory, session: Session, project: Project
) -> None:
    factory.sign_in(client, factory.member(project, "engineer"))
    base = f"/p/{project.slug}"
    with_mail(session, project)
    scanned(session, project)
    form = {"action": "approve", "scope": "all", "expected_count": "1", "expires_at": "2099-01-31"}
    refused = client.post(f"{base}/checks/sensitive/decision", data=form)
    assert refused.status_code == 422
    assert "Say why this may be trained on" in refused.text
    assert 'value="2099-01-31"' in refused.text
    done = client.post(f"{base}/checks/sensitive/decision", data=form | {"reason": "Made up"})
    assert done.status_code == 303
    page = client.get(f"{base}/checks/sensitive?state=accepted").text
    assert "approved for training: Made up" in page
    assert "until" in page


@pytest.mark.parametrize("path", ["/checks/nonsense", "/checks/sensitive?state=lost", "/checks/duplicate?cursor=zz"])
def test_an_address_that_is_wrong_is_no_fault(client: TestClient, base: str, path: str) -> None:
    assert client.get(base + path).status_code in (200, 404, 422)


def test_findings_stand_beside_the_example_and_lead_back(
    client: TestClient, base: str, session: Session, project: Project
) -> None:
    example = with_mail(session, project)
    scanned(session, project)
    own = f"{base}/examples/{example.id}"
    assert f'hx-get="{own}/findings"' in client.get(own).text
    fragment = client.get(f"{own}/findings?back={base}/review", headers={"hx-request": "true"}).text
    assert "<html" not in fragment
    assert "ana.lopes@harborline.example" in fragment
    one = findings(session, project)[0]
    form = {"action": "mask", "back": f"{base}/review"}
    answer = client.post(f"{base}/findings/{one.id}/decision", data=form)
    assert answer.headers["location"] == f"{base}/review"
    assert kinds(session, example) == []
    elsewhere = client.post(f"{base}/findings/{one.id}/decision", data={"action": "mask", "back": "//evil.example"})
    assert elsewhere.status_code == 409
    fragment = client.get(f"{own}/findings", headers={"hx-request": "true"}).text
    assert "nothing to decide" in fragment


def test_where_to_go_back_to_is_always_a_page_of_the_project(
    client: TestClient, base: str, session: Session, project: Project
) -> None:
    example = with_mail(session, project)
    scanned(session, project)
    one = findings(session, project)[0]
    form = {"action": "remove", "back": "//evil.example/x"}
    answer = client.post(f"{base}/findings/{one.id}/decision", data=form)
    assert answer.headers["location"] == f"{base}/examples/{example.id}"


def test_hostile_text_is_only_text(client: TestClient, base: str, session: Session, project: Project) -> None:
    add(session, project, request=f"<script>alert(1)</script> {MAIL} <b>")
    add(session, project, request="<img src=x onerror=alert(1)> one?")
    add(session, project, request="<IMG src=x onerror=alert(1)> one")
    scanned(session, project)
    for path in ("/checks/sensitive", "/checks/duplicate"):
        page = client.get(base + path).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page.lower()
