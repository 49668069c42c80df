"""What a version left out, as a file: all of it, where pages and answers show the first."""

import csv
import json
from io import StringIO

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.datasets import version_api, version_pages, versions
from app.datasets.models import DatasetVersion
from app.examples.forms import ExampleFilter
from app.projects.models import Project
from tests.datasets.factories import add_example
from tests.factories import Factory


@pytest.fixture
def project(factory: Factory) -> Project:
    return factory.project()


@pytest.fixture
def version(session: Session, factory: Factory, project: Project) -> DatasetVersion:
    """One example goes in; five wait for review, and what the checks say of one could be a formula."""
    add_example(session, project, "Goes in")
    waiting = [add_example(session, project, f"Waits {n}", status="to_review") for n in range(4)]
    odd = add_example(session, project, "Odd")
    session.execute(text("update examples set blocked = '{=1+1}' where id = :id"), {"id": odd.id})
    version = versions.freeze(session, factory.user(), project, "First", ExampleFilter())
    session.commit()
    assert [one.number for one in waiting] == [2, 3, 4, 5]
    return version


def test_the_page_links_a_file_with_all_of_them(
    client: TestClient, factory: Factory, project: Project, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(version_pages, "SHOWN", 2)
    factory.sign_in(client, factory.member(project, "viewer"))
    url = f"/p/{project.slug}/versions/{version.id}"
    page = client.get(url, params={"reason": "not approved"}).text
    assert "and 2 more, in the file below" in page
    assert f'href="{url}/left-out"' in page
    file = client.get(f"{url}/left-out")
    assert f'filename="{project.slug}-v1-left-out.csv"' in file.headers["content-disposition"]
    rows = list(csv.reader(StringIO(file.text)))
    assert [row[0] for row in rows] == ["number", "2", "3", "4", "5", "6"]
    assert rows[1][2] == "not approved: to review"
    assert rows[5][2] == "'=1+1", "no spreadsheet runs it"


def test_the_api_streams_them_to_members_only(
    client: TestClient, factory: Factory, project: Project, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(version_api, "EXCLUDED_SHOWN", 2)
    url = f"/api/v1/projects/{project.slug}/dataset-versions/{version.id}"
    headers = factory.bearer(factory.member(project, "viewer"))
    detail = client.get(url, headers=headers).json()
    assert (len(detail["excluded"]), detail["excluded_count"]) == (2, 5)
    file = client.get(f"{url}/left-out?format=jsonl", headers=headers)
    rows = [json.loads(line) for line in file.text.splitlines()]
    assert [row["number"] for row in rows] == [2, 3, 4, 5, 6]
    assert rows[:2] == [detail["excluded"][n] | {"number": n + 2} for n in range(2)]
    assert client.get(f"{url}/left-out?format=xlsx", headers=headers).status_code == 422
    other = factory.project()
    theirs = factory.bearer(factory.member(other, "viewer"))
    assert client.get(f"{url}/left-out", headers=theirs).status_code in (403, 404)
    moved = url.replace(project.slug, other.slug)
    assert client.get(f"{moved}/left-out", headers=theirs).status_code == 404
