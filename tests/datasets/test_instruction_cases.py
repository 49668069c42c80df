"""Instructions as what is expected of a case: IFEval's own lines make cases, are checked on the way in, are shown."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.projects.models import Project
from tests.factories import Factory

ROW = {
    "key": 7,
    "prompt": "Write a notice about the lift. No commas, at least 30 words.",
    "instruction_id_list": ["punctuation:no_comma", "length_constraints:number_words"],
    "kwargs": [{"relation": None}, {"relation": "at least", "num_words": 30}],
}
EXPECTED = {
    "instruction_id_list": ROW["instruction_id_list"],
    "kwargs": [{}, {"relation": "at least", "num_words": 30}],
}


@pytest.fixture
def project(factory: Factory) -> Project:
    return factory.project()


@pytest.fixture
def headers(factory: Factory, project: Project) -> dict[str, str]:
    return factory.bearer(factory.member(project, "engineer"))


@pytest.fixture
def draft(client: TestClient, project: Project, headers: dict[str, str]) -> str:
    base = f"/api/v1/projects/{project.slug}/test-sets"
    made = client.post(base, json={"name": "General", "kind": "general"}, headers=headers)
    return f"{base}/{made.json()['id']}"


def upload(client: TestClient, url: str, headers: dict[str, str], *rows: Any) -> dict[str, Any]:
    content = "\n".join(json.dumps(row) for row in rows)
    answer = client.post(f"{url}/cases", files={"file": ("input_data.jsonl", content)}, headers=headers)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_a_file_of_ifeval_makes_cases_and_a_wrong_line_is_named(
    client: TestClient, headers: dict[str, str], draft: str
) -> None:
    broken = ROW | {"prompt": "Another", "kwargs": [{}, {"relation": "at least"}]}
    chat = {"messages": [{"role": "user", "content": "Ours"}], "expected": EXPECTED, "tags": ["own"]}
    wrong = {"messages": [{"role": "user", "content": "Wrong"}], "expected": EXPECTED | {"kwargs": [{}]}}
    report = upload(client, draft, headers, ROW, broken, chat, wrong)
    assert (report["added"], report["rejected_count"]) == (2, 2)
    assert [one["line"] for one in report["rejected"]] == [2, 4]
    assert "kwargs.1.num_words: is missing" in report["rejected"][0]["reason"]
    assert "expected.kwargs: has 1 entries for 2 instructions" in report["rejected"][1]["reason"]
    first, second = client.get(f"{draft}/cases", headers=headers).json()["items"]
    assert first["messages"] == [{"role": "user", "content": ROW["prompt"]}]
    assert first["expected"] == second["expected"] == EXPECTED
    assert first["tags"] == ["punctuation", "length-constraints"]


def test_other_instructions_are_another_case(client: TestClient, headers: dict[str, str], draft: str) -> None:
    upload(client, draft, headers, ROW)
    case = client.get(f"{draft}/cases", headers=headers).json()["items"][0]
    changed = EXPECTED | {"kwargs": [{}, {"relation": "at least", "num_words": 31}]}
    url = f"{draft}/cases/{case['id']}"
    corrected = client.patch(url, json={"expected": changed}, headers=headers)
    assert corrected.json()["content_hash"] != case["content_hash"]
    refused = client.patch(url, json={"expected": EXPECTED | {"kwargs": [{}, {}]}}, headers=headers)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["loc"] == "expected.kwargs.1.num_words"


def test_pages_show_them_in_words_and_a_correction_keeps_them(
    factory: Factory, client: TestClient, project: Project, headers: dict[str, str], draft: str
) -> None:
    upload(client, draft, headers, ROW)
    case = client.get(f"{draft}/cases", headers=headers).json()["items"][0]
    factory.sign_in(client, factory.member(project, "engineer"))
    url = draft.replace("/api/v1/projects", "/p")
    assert "no comma; at least 30 words" in client.get(url).text
    page = f"{url}/cases/{case['id']}"
    form = {
        "instruction_id_list": json.dumps(EXPECTED["instruction_id_list"]),
        "kwargs": json.dumps(EXPECTED["kwargs"]),
        "tags": "lift",
    }
    assert 'name="kwargs"' in client.get(page).text
    assert client.post(page, data=form, follow_redirects=False).status_code == 303
    now = client.get(f"{draft}/cases/{case['id']}", headers=headers).json()
    assert (now["expected"], now["tags"]) == (EXPECTED, ["lift"])
    refused = client.post(page, data=form | {"kwargs": "[{}, {}]"})
    assert refused.status_code == 422
    assert "1.num_words: is missing" in refused.text
