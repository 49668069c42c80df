"""Uploading, looking, mapping, starting, watching and taking back, as pages."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from app.projects.models import Project
from tests.factories import Factory
from tests.journey import data


@pytest.fixture
def project(client: TestClient, factory: Factory) -> Project:
    owner = factory.user()
    factory.sign_in(client, owner)
    return factory.project(owner)


def upload(client: TestClient, project: Project, content: bytes, name: str) -> str:
    answer = client.post(f"/p/{project.slug}/imports", files={"file": (name, content)}, data={"format": "auto"})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def test_jsonl_is_looked_at_before_it_comes_in(
    client: TestClient, project: Project, run_jobs: Callable[[], None]
) -> None:
    url = upload(client, project, data.jsonl(), "tickets.jsonl")
    shown = client.get(url).text
    assert "55 of the 58 rows can come in" in shown
    assert "3 rows would be refused" in shown
    assert client.get(f"/p/{project.slug}/imports").text.count("waits for you") == 1
    assert client.post(f"{url}/start").status_code == 303
    assert 'hx-trigger="every 1s"' in client.get(url).text
    run_jobs()
    done = client.get(url).text
    assert "54 examples came in" in done
    assert "1 exact duplicate" in done
    refused = client.get(f"{url}/rejections?format=csv")
    assert refused.headers["content-disposition"].startswith("attachment")
    assert client.post(f"{url}/undo").status_code == 303
    assert "then were taken back" in client.get(url).text


def test_csv_is_mapped(client: TestClient, project: Project, run_jobs: Callable[[], None]) -> None:
    url = upload(client, project, data.csv_file(), "tickets.csv")
    looked = client.get(f"{url}?user=text&label=team&system=Be+brief").text
    assert "6 of the 6 rows can come in" in looked
    assert "Be brief" in looked
    wrong = client.post(f"{url}/start", data={"user": "no such column"})
    assert wrong.status_code == 422
    assert "no such column" in wrong.text
    client.post(f"{url}/start", data={"user": "text", "label": "team"})
    run_jobs()
    assert "6 examples came in" in client.get(url).text


def test_what_cannot_be_read_is_refused_with_the_form(client: TestClient, project: Project) -> None:
    for content in (b"", b"PAR1\x00", b"\xff\xfe{\x00}\x00"):
        answer = client.post(f"/p/{project.slug}/imports", files={"file": ("x.bin", content)}, data={"format": "auto"})
        assert answer.status_code == 422, content
        assert "error-summary" in answer.text
