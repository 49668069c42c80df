"""The same journey by HTTP: draft, upload, seal, freeze, export."""

import hashlib
import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.projects.models import Project
from tests.datasets.factories import add_example
from tests.factories import Factory

Headers = dict[str, str]


@pytest.fixture
def project(factory: Factory) -> Project:
    return factory.project()


@pytest.fixture
def headers(factory: Factory, project: Project) -> Headers:
    return factory.bearer(factory.member(project, "engineer"))


@pytest.fixture
def base(project: Project) -> str:
    return f"/api/v1/projects/{project.slug}"


def jsonl(*rows: Any) -> dict[str, tuple[str, bytes]]:
    lines = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
    return {"file": ("cases.jsonl", b"\n".join(lines))}


def chat(prompt: str, answer: str | None = "Fine.", **fields: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": prompt}]
    return {"messages": messages + ([{"role": "assistant", "content": answer}] if answer else [])} | fields


def test_draft_preview_seal(
    client: TestClient, session: Session, project: Project, headers: Headers, base: str
) -> None:
    ids = [add_example(session, project, f"Question {n}", group=f"g{n // 2}").id for n in range(10)]
    made = client.post(f"{base}/test-sets", json={"name": "Held out", "fraction": 0.2, "seed": 4}, headers=headers)
    assert made.status_code == 201
    assert (made.json()["size"], made.json()["sealed_at"], made.json()["left_out"]) == (2, None, [])
    url = f"{base}/test-sets/{made.json()['id']}"
    assert client.get(f"{url}/seal-preview", headers=headers).json() == {
        "size": 2, "moved": 2, "near": 0, "unscanned": 0, "quarantined": 0, "quarantined_cases": [],
    }  # fmt: skip
    sealed = client.post(f"{url}/seal", headers=headers)
    assert sealed.status_code == 200
    assert len(sealed.json()["content_hash"]) == 64
    assert client.get(url, headers=headers).json() == sealed.json()
    assert sealed.json()["uses"] == 0
    again = client.post(f"{url}/seal", headers=headers)
    assert (again.status_code, "is sealed" in again.json()["detail"]) == (409, True)
    (first, _second) = client.get(f"{url}/cases", headers=headers).json()["items"]
    assert first["example_id"] in ids
    assert first["expected"] == {"text": "Fine."}
    for method, path in (("DELETE", url), ("DELETE", f"{url}/cases/{first['id']}")):
        assert client.request(method, path, headers=headers).status_code == 409
    assert client.post(f"{url}/cases", files=jsonl(chat("New")), headers=headers).status_code == 409


def test_upload_reports_each_refused_line(client: TestClient, headers: Headers, base: str) -> None:
    made = client.post(f"{base}/test-sets", json={"name": "Red team", "kind": "red_team"}, headers=headers).json()
    url = f"{base}/test-sets/{made['id']}"
    refuse = chat("Do harm", None, expected={"behavior": "refuse"}, tags=["harm"], group="g")
    rows = [chat("A"), b"{broken", chat("a", "Other."), refuse, b"", chat("No expectation", None), b'{"messages": []}']
    answer = client.post(f"{url}/cases", files=jsonl(*rows), headers=headers)
    assert answer.status_code == 201
    report = answer.json()
    assert (report["added"], report["duplicates"], report["rejected_count"], report["size"]) == (2, 1, 3, 2)
    assert [one["line"] for one in report["rejected"]] == [2, 6, 7]
    assert "not JSON" in report["rejected"][0]["reason"]
    items = client.get(f"{url}/cases?behavior=refuse", headers=headers).json()["items"]
    assert [(i["messages"][0]["content"], i["tags"], i["position"]) for i in items] == [("Do harm", ["harm"], 2)]
    assert client.get(f"{url}/cases?q=%25", headers=headers).json()["items"] == []
    assert client.delete(f"{url}/cases/{items[0]['id']}", headers=headers).status_code == 204
    assert client.get(url, headers=headers).json()["size"] == 1
    empty = client.post(f"{url}/cases", files={"file": ("x.jsonl", b"\n\n")}, headers=headers)
    assert (empty.status_code, empty.json()["errors"][0]["loc"]) == (422, "file")


@pytest.mark.parametrize(
    "line",
    [
        b"\xff\xfe", b'{"messages": [{"role": "user", "content": "\\u0000"}]}', b"[" * 100_000, b'"\\ud800"', b"NaN",
        b'{"messages": [{"role": "user", "content": "\\ud800"}], "expected": {"text": "x"}}', b"9" * 5000,
    ],
)  # fmt: skip
def test_hostile_lines_are_refused_alone(client: TestClient, headers: Headers, base: str, line: bytes) -> None:
    made = client.post(f"{base}/test-sets", json={"name": "X"}, headers=headers).json()
    files = jsonl(b"\xef\xbb\xbf" + json.dumps(chat("First")).encode(), line, chat("Last"))
    report = client.post(f"{base}/test-sets/{made['id']}/cases", files=files, headers=headers).json()
    assert (report["added"], report["rejected_count"], report["rejected"][0]["line"]) == (2, 1, 2)


def test_cases_come_in_pages(client: TestClient, headers: Headers, base: str) -> None:
    made = client.post(f"{base}/test-sets", json={"name": "Many"}, headers=headers).json()
    url = f"{base}/test-sets/{made['id']}/cases"
    client.post(url, files=jsonl(*(chat(f"Q{n}") for n in range(5))), headers=headers)
    first = client.get(f"{url}?limit=3", headers=headers).json()
    rest = client.get(f"{url}?limit=3&cursor={first['next_cursor']}", headers=headers).json()
    assert [i["position"] for i in first["items"] + rest["items"]] == [1, 2, 3, 4, 5]
    assert rest["next_cursor"] is None
    for broken in ("x", "WyJ4Il0", "WzFlOTldXQ"):
        assert client.get(f"{url}?cursor={broken}", headers=headers).status_code == 422


def test_freeze_diff_export(
    client: TestClient, session: Session, project: Project, headers: Headers, base: str
) -> None:
    add_example(session, project, "A")
    waiting = add_example(session, project, "B", status="to_review")
    first = client.post(f"{base}/dataset-versions", json={"name": "v"}, headers=headers)
    assert first.status_code == 201
    body = first.json()
    assert (body["size"], body["number"]) == (1, 1)
    assert body["excluded"] == [{"example_id": waiting.id, "reason": "not approved: to review"}]
    assert client.get(f"{base}/dataset-versions/{body['id']}", headers=headers).json() == body
    waiting.status = "approved"
    session.commit()
    second = client.post(f"{base}/dataset-versions", json={"name": "w", "filters": {"q": "B"}}, headers=headers).json()
    url = f"{base}/dataset-versions/{second['id']}"
    diff = client.get(f"{url}/diff?against={body['id']}", headers=headers).json()
    assert [len(diff[part]) for part in ("added", "removed", "changed")] == [1, 1, 0]
    assert diff["added"][0]["example_id"] == waiting.id
    export = client.get(f"{url}/export?format=openai_chat", headers=headers)
    assert hashlib.sha256(export.content).hexdigest() == second["content_hash"]
    assert export.headers["content-disposition"] == f'attachment; filename="{project.slug}-v2.jsonl"'
    assert export.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in export.headers["content-security-policy"]
    assert client.get(f"{url}/export?format=csv", headers=headers).status_code == 200
    assert client.get(f"{url}/export?format=exe", headers=headers).status_code == 422
    listed = client.get(f"{base}/dataset-versions", headers=headers).json()["items"]
    assert [one["number"] for one in listed] == [2, 1]


def test_nothing_to_freeze_says_why(
    client: TestClient, session: Session, project: Project, headers: Headers, base: str
) -> None:
    add_example(session, project, "A", status="draft")
    answer = client.post(f"{base}/dataset-versions", json={"name": "v"}, headers=headers)
    assert answer.status_code == 422
    assert "not approved: draft" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("test-sets", {"name": "X", "fraction": 2}),
        ("test-sets", {"name": "X", "fraction": 0.1, "example_ids": ["x"]}),
        ("test-sets", {"name": "X", "example_ids": ["not-an-id"]}),
        ("test-sets", {"name": "X", "kind": "vibes"}),
        ("test-sets", {"name": "X", "sealed_at": "2026-01-01"}),
        ("dataset-versions", {"name": "X", "filters": {"nope": 1}}),
        ("dataset-versions", {"name": ""}),
    ],
)
def test_bad_input_is_refused(client: TestClient, headers: Headers, base: str, path: str, body: dict[str, Any]) -> None:
    assert client.post(f"{base}/{path}", json=body, headers=headers).status_code == 422


def test_another_project_sees_nothing(
    client: TestClient, session: Session, factory: Factory, project: Project, headers: Headers, base: str
) -> None:
    add_example(session, project, "A")
    made = client.post(f"{base}/test-sets", json={"name": "S", "fraction": 1.0}, headers=headers).json()
    version = client.post(f"{base}/dataset-versions", json={"name": "v"}, headers=headers).json()
    stranger = factory.user()
    other = f"/api/v1/projects/{factory.project(stranger).slug}"
    theirs = factory.bearer(stranger)
    missing = client.get(f"{other}/test-sets/018f0000-0000-7000-8000-000000000001", headers=theirs)
    for path in (f"test-sets/{made['id']}", f"test-sets/{made['id']}/cases", f"test-sets/{made['id']}/seal-preview"):
        assert client.get(f"{other}/{path}", headers=theirs).content == missing.content
        assert client.get(f"{base}/{path}", headers=theirs).status_code == 404
    for path in ("", "/export", f"/diff?against={version['id']}"):
        assert client.get(f"{other}/dataset-versions/{version['id']}{path}", headers=theirs).status_code == 404
    viewer = factory.bearer(factory.member(project, "viewer"))
    assert client.get(f"{base}/test-sets/{made['id']}", headers=viewer).status_code == 200
    assert client.post(f"{base}/test-sets/{made['id']}/seal", headers=viewer).status_code == 403
    assert client.post(f"{base}/dataset-versions", json={"name": "v"}, headers=viewer).status_code == 403
