"""The instruction suite: its prompts, an answer that follows each and one that does not, and the way into a set."""

import json
from collections import Counter
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.core.instructions import KINDS, parse
from app.datasets import service
from app.datasets.forms import NewTestSet
from app.datasets.models import TestSet
from app.datasets.suite import catalogue
from app.evals.graders import Sample, case_item, grade, parse_spec
from app.projects.models import Project
from tests.factories import Factory

ANSWERS = Path(__file__).parent / "suite_answers.jsonl"
PROMPTS = catalogue.prompts()
NUMBERS = {
    1: ("one", "first", "no word"), 2: ("two", "twice", "second"), 3: ("three", "third"),
    4: ("four",), 5: ("five",), 6: ("six",), 7: ("seven",),
}  # fmt: skip


def test_at_least_150_prompts_over_all_kinds_and_none_twice() -> None:
    assert len(PROMPTS) >= 150
    kinds = Counter(one for prompt in PROMPTS.values() for one in prompt.ids)
    assert set(kinds) == set(KINDS)
    assert min(kinds.values()) >= 5
    assert len({prompt.example.fingerprint_unit for prompt in PROMPTS.values()}) == len(PROMPTS)
    assert {prompt.group for prompt in PROMPTS.values()} == set(catalogue.GROUPS)
    for prompt in PROMPTS.values():
        assert len(set(prompt.ids)) == len(prompt.ids)  # no kind is asked for twice, so none contradicts itself


def test_every_prompt_says_what_is_checked() -> None:
    """Phrases that the checks look for stand in the prompt; so do numbers, in figures or in words."""
    for prompt in PROMPTS.values():
        text = prompt.text.casefold()
        expected = prompt.example.expected or {}
        for one in parse(expected["instruction_id_list"], expected["kwargs"]):
            values = one.kind.model_dump(exclude={"relation", "language", "let_relation", "capital_relation"}).values()
            for value in values:
                if isinstance(value, int):
                    said = (str(value), *NUMBERS.get(value, ()))
                    assert any(word in text for word in said), (prompt.key, value)
                for phrase in [value] if isinstance(value, str) else value if isinstance(value, list) else ():
                    assert phrase.strip(". ").casefold() in text or phrase == "!" or phrase == "?", prompt.key


@pytest.mark.parametrize("line", ANSWERS.read_text(encoding="utf-8").splitlines())
def test_an_answer_that_follows_passes_and_one_that_does_not_fails(line: str) -> None:
    row = json.loads(line)
    prompt = PROMPTS[row["key"]]
    item = case_item({"messages": prompt.example.messages, "expected": prompt.example.expected})
    spec = parse_spec({"type": "instructions"})
    good, bad = (grade(spec, item, Sample(row[name])) for name in ("follows", "misses"))
    assert good.passed is True, good.reason
    assert bad.passed is False


def test_every_prompt_has_answers() -> None:
    keys = [json.loads(line)["key"] for line in ANSWERS.read_text(encoding="utf-8").splitlines()]
    assert keys == list(PROMPTS)


@pytest.fixture
def project(factory: Factory) -> Project:
    return factory.project()


@pytest.fixture
def draft(session: Session, factory: Factory, project: Project) -> TestSet:
    made = service.draft(session, factory.user(), project, NewTestSet(name="General", kind="general")).test_set
    session.commit()
    return made


def test_by_http(factory: Factory, client: TestClient, project: Project, draft: TestSet) -> None:
    headers = factory.bearer(factory.member(project, "engineer"))
    base = f"/api/v1/projects/{project.slug}"
    offered = client.get(f"{base}/instruction-suite", headers=headers).json()["items"]
    assert [one["key"] for one in offered] == list(PROMPTS)
    assert offered[0]["asks"] == "the words “refund”, “rebooking”"
    url = f"{base}/test-sets/{draft.id}/instruction-suite"
    wrong = client.post(url, json={"keys": ["nothing-1"]}, headers=headers)
    assert (wrong.status_code, wrong.json()["errors"][0]["loc"]) == (422, "keys")
    one = client.post(url, json={"keys": ["existence-1"]}, headers=headers)
    assert (one.status_code, one.json()) == (201, {"added": 1, "size": 1})
    rest = client.post(url, json={}, headers=headers)
    assert rest.json() == {"added": len(PROMPTS) - 1, "size": len(PROMPTS)}
    reader = factory.bearer(factory.member(project, "viewer"))
    assert client.post(url, json={}, headers=reader).status_code == 403


def test_by_the_page(factory: Factory, client: TestClient, project: Project) -> None:
    factory.sign_in(client, factory.member(project, "engineer"))
    base = f"/p/{project.slug}/test-sets"
    form = {"source": "starters", "kind": "general", "name": "General instructions"}
    made = client.post(base, data=form, follow_redirects=False)
    url = made.headers["location"]
    assert (made.status_code, url.endswith("/suite")) == (303, True)
    page = client.get(url).text
    assert page.count('name="keys"') == len(PROMPTS)
    assert client.post(url, data={}).status_code == 422
    keys = list(PROMPTS)[:3]
    added = client.post(url, data={"keys": keys}, follow_redirects=False)
    assert (added.status_code, added.headers["location"]) == (303, f"{url}?added=3")
    again = client.get(added.headers["location"]).text
    assert "3 cases added" in again
    assert again.count('name="keys"') == len(PROMPTS) - 3
    assert "Add the instruction suite" in client.get(url.removesuffix("/suite")).text
