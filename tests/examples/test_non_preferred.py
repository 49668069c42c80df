"""The answer that was not preferred: it comes in, is shown, counts as content, and stays through edits."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.core.errors import Invalid
from app.examples import bulk, queries, service
from app.examples.chat import Refused
from app.examples.forms import BulkAction, SelectionFilter
from app.examples.models import Revision
from app.examples.rules import parse_example
from app.projects.models import Project
from tests.examples.factories import Api, Jobs, add, chat, jsonl
from tests.factories import Factory

WORSE = [{"role": "assistant", "content": "No."}]


@pytest.fixture
def project(factory: Factory) -> Project:
    return factory.project()


def current(session: Session, example_id: str) -> Revision:
    row = queries.revisions(session, example_id)[0]
    session.refresh(row)
    return row


def test_it_is_content_only_where_there_is_one() -> None:
    plain, pair = parse_example(chat()), parse_example(chat(non_preferred_output=WORSE))
    assert plain.non_preferred is None
    assert pair.non_preferred == WORSE
    assert pair.content_hash != plain.content_hash
    assert pair.fingerprint_unit == plain.fingerprint_unit
    assert parse_example(chat(non_preferred_output=None)).content_hash == plain.content_hash


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("No.", "must be a list"),
        ([{"role": "user", "content": "No."}], "0.role: an answer has messages of the assistant"),
        ([{"role": "assistant", "content": ""}], "0.content: is empty"),
        ([{"role": "tool", "content": "x", "tool_call_id": "1"}], "the last message must be the assistant's"),
    ],
)
def test_what_cannot_be_an_answer_is_refused_by_name(answer: Any, reason: str) -> None:
    with pytest.raises(Refused, match="non_preferred_output.*" + reason):
        parse_example(chat(non_preferred_output=answer))


def test_it_needs_a_preferred_answer() -> None:
    fields = {"messages": chat()["messages"][:2], "expected": {"label": "x"}, "non_preferred_output": WORSE}
    with pytest.raises(Refused, match="there is no preferred answer"):
        parse_example(fields)


def test_edits_bulk_tags_and_restores_keep_it(session: Session, project: Project, factory: Factory) -> None:
    user = factory.user()
    example = add(session, project, **chat(non_preferred_output=WORSE))
    edited = chat(answer="Gladly.")["messages"]
    service.revise(session, user, example, 1, messages=edited)
    assert current(session, example.id).non_preferred == WORSE
    service.revise(session, user, example, 2, non_preferred=None)
    assert current(session, example.id).non_preferred is None
    service.restore(session, user, example, 1, 3)
    assert current(session, example.id).non_preferred == WORSE
    wanted = BulkAction(filter=SelectionFilter(ids=[example.id]), action="tag", tag="pair", expected_count=1)
    bulk.apply(session, user, project.id, wanted)
    newest = current(session, example.id)
    assert (newest.number, newest.tags, newest.non_preferred) == (5, ["pair"], WORSE)


def test_an_edit_cannot_leave_it_without_its_better_one(session: Session, project: Project) -> None:
    example = add(session, project, **chat(non_preferred_output=WORSE))
    with pytest.raises(Invalid) as refused:
        service.revise(session, None, example, 1, messages=chat()["messages"][:2], expected={"label": "x"})
    assert refused.value.errors[0].loc == "non_preferred_output"


def test_it_comes_in_by_a_file_and_goes_out_by_the_api(api: Api, run_jobs: Jobs) -> None:
    report = api.imported(run_jobs, jsonl(chat(non_preferred_output=WORSE), chat()))
    assert (report["imported"], report["duplicates"]) == (2, 0)
    newest, oldest = sorted(api.get("/examples").json()["items"], key=lambda item: -item["number"])
    assert oldest["non_preferred_output"] == WORSE
    assert newest["non_preferred_output"] is None
    change = {"revision": 1, "non_preferred_output": [{"role": "assistant", "content": "Never."}]}
    path = f"{api.base}/examples/{newest['id']}"
    changed = api.client.patch(path, json=change, headers=api.headers).json()
    assert changed["non_preferred_output"][0]["content"] == "Never."
    revisions = api.get(f"/examples/{newest['id']}/revisions").json()["items"]
    assert [row["non_preferred_output"] is None for row in revisions] == [False, True]


def test_the_page_shows_both_answers(client: TestClient, session: Session, project: Project, factory: Factory) -> None:
    example = add(session, project, **chat(answer="Gladly.", non_preferred_output=WORSE))
    factory.sign_in(client, factory.member(project, "viewer"))
    page = client.get(f"/p/{project.slug}/examples/{example.id}").text
    assert "Not preferred" in page
    assert page.index("Gladly.") < page.index("Not preferred") < page.index("No.</div>")
