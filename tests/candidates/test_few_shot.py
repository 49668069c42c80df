"""Worked examples in a prompt: which ones may be, that they stay, and that no test set is shown with its answers."""

import pytest
import sqlalchemy.exc
from fastapi.testclient import TestClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.candidates.few_shot import rules
from app.candidates.few_shot.models import CandidateShot
from app.candidates.rules import request_messages
from app.examples.models import Example
from app.gateway.models import Provider
from app.projects.models import Project
from tests.examples import factories
from tests.factories import Factory


class Bench:
    def __init__(self, session: Session, factory: Factory, client: TestClient) -> None:
        self.session, self.client = session, client
        owner = factory.user()
        self.project: Project = factory.project(owner)
        self.headers = factory.bearer(owner)
        self.base = f"/api/v1/projects/{self.project.slug}"
        row = Provider(name="Double", base_url="http://127.0.0.1:1/v1")
        session.add(row)
        session.commit()
        self.provider_id = row.id
        factory.sign_in(client, owner)

    def example(self, request: str, answer: str = "Yes.", status: str = "approved", **fields: object) -> Example:
        row = factories.chat(request, answer, **fields)
        return factories.add(self.session, self.project, status=status, **row)

    def make(self, status: int = 201, name: str = "Base", **fields: object) -> dict:  # type: ignore[type-arg]
        body = {"name": name, "provider_id": self.provider_id, "model": "small"} | fields
        answer = self.client.post(f"{self.base}/candidates", json=body, headers=self.headers)
        assert answer.status_code == status, answer.text
        return answer.json()  # type: ignore[no-any-return]


@pytest.fixture
def bench(session: Session, factory: Factory, client: TestClient) -> Bench:
    return Bench(session, factory, client)


def test_they_are_sent_after_the_instructions_in_the_same_template() -> None:
    case = [{"role": "system", "content": "own"}, {"role": "user", "content": "hi"}]
    shot = [{"role": "user", "content": "one"}, {"role": "assistant", "content": "1"}]
    sent = request_messages(case, "mine", "Q: {{input}}", [shot])
    assert [(m["role"], m["content"]) for m in sent] == [
        ("system", "mine"), ("user", "Q: one"), ("assistant", "1"), ("user", "Q: hi"),
    ]  # fmt: skip
    assert shot[0]["content"] == "one"
    assert [m["content"] for m in request_messages(case, "", None, [shot])] == ["one", "1", "hi"]


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "user", "content": "no answer"}],
        [{"role": "assistant", "content": "no request"}],
        [{"role": "user", "content": [{"type": "text", "text": "parts"}]}, {"role": "assistant", "content": "1"}],
        [{"role": "user", "content": "x"}, {"role": "assistant", "content": "1", "tool_calls": [{}]}],
        [{"role": "user", "content": "x"}, {"role": "tool", "content": "1"}, {"role": "assistant", "content": "1"}],
    ],
)
def test_what_is_no_plain_conversation_is_no_worked_example(messages: list[dict[str, object]]) -> None:
    assert rules.turns(messages) is None


def test_drawn_by_seed_among_the_approved_ones(bench: Bench) -> None:
    for number in range(6):
        bench.example(f"How do I cancel plan number {number}, please?", tags=["billing"])
    waiting = bench.example("Where is my parcel?", status="to_review", tags=["billing"])
    other = bench.example("What is the weather like?", tags=["chat"])
    draw = {"k": 3, "tag": "billing", "seed": 7}
    first, again = bench.make(few_shot=draw), bench.make(name="Again", few_shot=draw)
    assert len(first["few_shot"]) == 3
    assert first["few_shot"] == again["few_shot"]
    assert not {waiting.id, other.id} & {one["example_id"] for one in first["few_shot"]}
    refused = bench.make(422, name="Many", few_shot={"k": 9, "tag": "billing"})
    assert refused["errors"][0]["loc"] == "few_shot.k"
    assert "Only 6 approved examples with “billing”" in refused["detail"]


def test_nothing_that_a_test_set_asks_or_nearly_asks(bench: Bench) -> None:
    asked = bench.example("How do I cancel my annual plan before it renews next month?")
    near = bench.example("How do I cancel my annual plan before it renews next month??  Thanks")
    free = bench.example("Which colours does the lamp come in?")
    made = bench.client.post(
        f"{bench.base}/test-sets",
        json={"name": "Held out", "kind": "task", "example_ids": [asked.id]},
        headers=bench.headers,
    )
    assert made.status_code == 201, made.text
    for one in (asked, near):
        body = bench.make(422, few_shot={"example_ids": [one.id]})
        assert body["errors"][0]["loc"] == "few_shot.example_ids.0"
    assert bench.make(few_shot={"example_ids": [free.id]})["few_shot"][0]["example_id"] == free.id


def test_a_set_that_takes_one_in_later_cannot_be_run(bench: Bench) -> None:
    shown = bench.example("How do I cancel my annual plan before it renews next month?")
    candidate = bench.make(few_shot={"example_ids": [shown.id]})
    body = {"name": "Held out", "kind": "task", "example_ids": [shown.id]}
    made = bench.client.post(f"{bench.base}/test-sets", json=body, headers=bench.headers).json()
    sealed = bench.client.post(f"{bench.base}/test-sets/{made['id']}/seal", headers=bench.headers)
    assert sealed.status_code == 200, sealed.text
    run = {"candidate_id": candidate["id"], "test_set_id": made["id"], "graders": [{"type": "behavior"}]}
    refused = bench.client.post(f"{bench.base}/eval-runs", json=run, headers=bench.headers)
    assert refused.status_code == 409
    assert f"shows #{shown.number} with the answer" in refused.json()["detail"]
    plain = bench.make(name="Plain")
    answer = bench.client.post(
        f"{bench.base}/eval-runs", json=run | {"candidate_id": plain["id"]}, headers=bench.headers
    )
    assert answer.status_code == 202, answer.text


def test_they_never_change_but_can_be_erased(bench: Bench) -> None:
    bench.make(few_shot={"example_ids": [bench.example("Which colours does the lamp come in?").id]})
    with pytest.raises(sqlalchemy.exc.DBAPIError, match="immutable"):
        bench.session.execute(text("""update candidate_shots set messages = '[{"role": "user", "content": "x"}]'"""))
    bench.session.rollback()
    bench.session.execute(
        text("update candidate_shots set messages = :m"), {"m": '[{"role": "user", "content": "[erased]"}]'}
    )
    assert bench.session.scalars(select(CandidateShot.messages)).one() == rules.ERASED


def test_a_clone_on_the_page_keeps_them_word_for_word_or_draws_others(bench: Bench) -> None:
    one = bench.example("Which colours does the lamp come in?", "Blue <i>and</i> red.")
    candidate = bench.make(few_shot={"example_ids": [one.id]})
    url = f"/p/{bench.project.slug}/candidates"
    page = bench.client.get(f"{url}/{candidate['id']}").text
    assert "Blue &lt;i&gt;and&lt;/i&gt; red." in page
    assert f"#{one.number}" in page
    form = bench.client.get(f"{url}/new?clone={candidate['id']}").text
    assert "Keep the one of “Base”" in form
    typed = {"name": "Warmer", "provider_id": bench.provider_id, "model": "small", "keep_system": "false"}
    typed |= {"system_prompt": "Be brief.", "cloned_from": candidate["id"], "few_shot": "keep"}
    made = bench.client.post(url, data=typed)
    assert made.status_code == 303, made.text
    shown = bench.client.get(made.headers["location"]).text
    assert "Blue &lt;i&gt;and&lt;/i&gt; red." in shown
    assert "Prompt versions" in shown
    assert "<ins>Be brief.</ins>" in shown
    none = bench.client.post(url, data=typed | {"name": "Bare", "few_shot": "none"})
    assert "Blue &lt;i&gt;" not in bench.client.get(none.headers["location"]).text.partition("Prompt versions")[0]
    refused = bench.client.post(url, data=typed | {"name": "Drawn", "few_shot": "draw", "shots": "5"})
    assert refused.status_code == 422
    assert "Only 1 approved example" in refused.text
    assert 'value="5"' in refused.text
