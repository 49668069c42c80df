"""Examples by the API: filters, search, pages, edits, bulk actions."""

from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.examples import bulk, queries
from app.examples.forms import ExampleFilter
from tests.examples.factories import HOSTILE, Api, add, chat, hostile_strings
from tests.factories import Factory


def found(api: Api, **query: Any) -> list[str]:
    """The requests that a filter finds, newest first."""
    answer = api.get(f"/examples?{urlencode(query)}")
    assert answer.status_code == 200, answer.text
    return [item["messages"][1]["content"] for item in answer.json()["items"]]


def patch(api: Api, example_id: str, **body: Any) -> Any:
    return api.client.patch(f"{api.base}/examples/{example_id}", json=body, headers=api.headers)


def test_filters_and_search(api: Api, session: Session) -> None:
    add(session, api.project, request="Refund my plan", tags=["money"], behavior="answer", status="approved")
    add(session, api.project, request="Cancel it", answer="Which plan do you mean?", behavior="clarify")
    third = add(session, api.project, request="100% off_er?", tags=["money", "edge"])
    assert found(api) == ["100% off_er?", "Cancel it", "Refund my plan"]
    assert found(api, status="approved") == ["Refund my plan"]
    assert found(api, tag="money", q="refund") == ["Refund my plan"]
    assert found(api, behavior="clarify") == ["Cancel it"]
    assert found(api, split="test") == []
    assert found(api, q="plan") == ["Cancel it", "Refund my plan"]
    assert found(api, q="plan refu") == ["Refund my plan"]
    assert found(api, q="plan xyz") == []
    assert found(api, q="%") == ["100% off_er?"]
    assert found(api, q=f"#{third.number}") == ["100% off_er?"]


@pytest.mark.parametrize(
    "query", ["status=great", "sort=password_hash", "limit=0", "limit=201", "cursor=zzz", "import_id=1", "finding=x"]
)
def test_a_filter_that_does_not_exist_is_an_error(api: Api, query: str) -> None:
    assert api.get(f"/examples?{query}").status_code == 422


def test_pages_hold_every_example_once(api: Api, session: Session) -> None:
    for number in range(7):
        add(session, api.project, request=f"Number {number}")
    seen, cursor = [], ""
    while True:
        page = api.get(f"/examples?limit=3{cursor}").json()
        seen += [item["messages"][1]["content"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [f"Number {number}" for number in range(6, -1, -1)]


def test_an_edit_answers_the_new_revision_and_a_stale_one_is_409(api: Api, session: Session) -> None:
    example = add(session, api.project, tags=["a"])
    edited = patch(api, example.id, revision=1, tags=["b"], behavior="refuse")
    assert (edited.status_code, edited.json()["revision"]) == (200, 2)
    assert (edited.json()["tags"], edited.json()["behavior"]) == (["b"], "refuse")
    assert edited.json()["expected"] == {"behavior": "refuse"}
    stale = patch(api, example.id, revision=1, tags=["c"])
    assert (stale.status_code, stale.headers["content-type"]) == (409, "application/problem+json")
    assert patch(api, example.id, revision=2, behavior=None).json()["behavior"] is None
    revisions = api.get(f"/examples/{example.id}/revisions").json()["items"]
    assert [(r["revision"], r["tags"], r["behavior"]) for r in revisions] == [
        (3, ["b"], None),
        (2, ["b"], "refuse"),
        (1, ["a"], None),
    ]


def test_wrong_edits_name_the_field(api: Api, session: Session) -> None:
    example = add(session, api.project)
    for body, loc in (
        ({"revision": 1, "messages": [{"role": "user", "content": 3}]}, "messages.0.content"),
        ({"revision": 1, "behavior": "shrug"}, "behavior"),
        ({"revision": 1, "split": "test"}, "split"),
        ({"revision": 1, "status": "approved"}, "status"),
        ({"tags": []}, "revision"),
        ({"revision": 1, "tags": ["a\u0000"]}, "tags.0"),
        ({"revision": 1, "expected": {"label": 3}}, "expected.label"),
    ):
        answer = patch(api, example.id, **body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"] == loc
    assert patch(api, example.id, revision=9, tags=["a"]).status_code == 404


def test_hostile_text_goes_in_and_comes_out_as_it_is(api: Api, session: Session) -> None:
    example = add(session, api.project)
    for revision, start in enumerate(range(0, len(words := hostile_strings()), 200), 1):
        some = words[start : start + 200]
        messages = [{"role": role, "content": one} for one in some for role in ("user", "assistant")]
        tags = list(dict.fromkeys("".join(one.split())[:50] or "tag" for one in some))[:50]
        expected = {"text": some[0], "label": some[-1][:500], "json": {one: one for one in some}}
        body = {"revision": revision, "messages": messages, "tags": tags, "expected": expected, "reason": some[0][:500]}
        answer = patch(api, example.id, **body)
        assert answer.status_code == 200, answer.text
        stored = answer.json()
        assert (stored["messages"], stored["tags"], stored["expected"]) == (messages, tags, expected)


def test_hostile_words_in_filters_find_or_find_nothing(api: Api, session: Session) -> None:
    add(session, api.project)
    for words in HOSTILE:
        for field in ("q", "tag"):
            answer = api.get(f"/examples?{urlencode({field: words})}")
            assert answer.status_code == 200, (field, words, answer.text)
            assert len(answer.json()["items"]) <= 1
    for words in ("a\x00b", "x" * 501):
        assert api.get(f"/examples?{urlencode({'q': words})}").status_code == 422


def test_any_words_can_be_searched_for(session: Session, api: Api) -> None:
    for words in hostile_strings():
        wanted = ExampleFilter(q=words[:500], tag=words[:200].strip() or None)
        assert queries.count(session, api.project.id, wanted) == 0


def test_bulk_changes_exactly_what_was_counted(api: Api, session: Session) -> None:
    for number in range(3):
        add(session, api.project, request=f"R {number}", tags=["x"], status="approved" if number == 0 else "to_review")
    body = {"filter": {"tag": "x"}, "action": "approve", "expected_count": 2}
    assert api.post("/examples/bulk", body).status_code == 409
    done = api.post("/examples/bulk", body | {"expected_count": 3}).json()
    assert (done["matched"], done["changed"]) == (3, 2)
    assert len(found(api, status="approved")) == 3
    assert api.post(f"/examples/bulk/{done['id']}/undo").json() == {"changed": 2}
    assert found(api, status="approved") == ["R 0"]
    assert api.post(f"/examples/bulk/{done['id']}/undo").status_code == 409


def test_bulk_takes_a_large_project_whole_and_says_where_it_ends(
    api: Api, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bulk.MAX_BULK >= 100_000, "the size that a project is promised to work at"
    monkeypatch.setattr(bulk, "MAX_BULK", 2)
    ids = [add(session, api.project, request=f"R {number}").id for number in range(3)]
    refused = api.post("/examples/bulk", {"filter": {}, "action": "approve", "expected_count": 3})
    assert (refused.status_code, "At most 2 examples at once" in refused.text) == (409, True)
    taken = {"filter": {"ids": ids[:2]}, "action": "approve", "expected_count": 2}
    assert api.post("/examples/bulk", taken).json()["changed"] == 2


def test_bulk_tags_are_revisions(api: Api, session: Session) -> None:
    first, second = add(session, api.project, tags=["x"]), add(session, api.project, request="Other")
    ids = [first.id, second.id]
    body = {"filter": {"ids": ids}, "action": "tag", "tag": 'edge, "case"', "expected_count": 2}
    done = api.post("/examples/bulk", body).json()
    assert done["changed"] == 2
    stored = api.get(f"/examples/{first.id}").json()
    assert (stored["revision"], stored["tags"], stored["messages"]) == (2, ["x", 'edge, "case"'], chat()["messages"])
    assert api.post("/examples/bulk", body).json()["changed"] == 0
    api.post(f"/examples/bulk/{done['id']}/undo")
    assert api.get(f"/examples/{first.id}").json()["tags"] == ["x"]
    assert len(api.get(f"/examples/{first.id}/revisions").json()["items"]) == 3


def test_deleting_needs_an_engineer_and_can_be_taken_back(
    api: Api, session: Session, client: TestClient, factory: Factory
) -> None:
    example = add(session, api.project)
    body = {"filter": {"ids": [example.id]}, "action": "delete", "expected_count": 1}
    annotator = factory.bearer(factory.member(api.project, "annotator"))
    assert client.post(f"{api.base}/examples/bulk", json=body, headers=annotator).status_code == 403
    done = api.post("/examples/bulk", body).json()
    assert api.get(f"/examples/{example.id}").status_code == 404
    assert patch(api, example.id, revision=1, tags=["a"]).status_code == 404
    api.post(f"/examples/bulk/{done['id']}/undo")
    assert api.get(f"/examples/{example.id}").status_code == 200


def test_undo_keeps_what_somebody_has_decided_since(api: Api, session: Session) -> None:
    example = add(session, api.project)
    done = api.post("/examples/bulk", {"filter": {}, "action": "approve", "expected_count": 1}).json()
    session.execute(text("update examples set status = 'rejected'"))
    session.commit()
    assert api.post(f"/examples/bulk/{done['id']}/undo").json() == {"changed": 0}
    assert api.get(f"/examples/{example.id}").json()["status"] == "rejected"


@pytest.mark.parametrize(
    "body",
    [
        {"filter": {}, "action": "tag", "expected_count": 0},
        {"filter": {}, "action": "approve", "tag": "x", "expected_count": 0},
        {"filter": {}, "action": "promote", "expected_count": 0},
        {"filter": {"ids": ["1"]}, "action": "approve", "expected_count": 0},
        {"filter": {"project_id": "x"}, "action": "approve", "expected_count": 0},
        {"filter": {}, "action": "approve"},
    ],
)
def test_a_bulk_action_that_is_not_right_is_refused(api: Api, body: dict[str, Any]) -> None:
    assert api.post("/examples/bulk", body).status_code == 422


def test_another_projects_examples_are_out_of_reach(
    api: Api, session: Session, client: TestClient, factory: Factory
) -> None:
    example = add(session, api.project)
    other = Api(client, factory, "admin")
    assert other.get(f"/examples/{example.id}").status_code == 404
    assert other.get(f"/examples/{example.id}/revisions").status_code == 404
    assert patch(other, example.id, revision=1, tags=["mine"]).status_code == 404
    body = {"filter": {"ids": [example.id]}, "action": "delete", "expected_count": 1}
    assert other.post("/examples/bulk", body).status_code == 409
    viewer = Api(client, factory, "viewer")
    own = add(session, viewer.project)
    assert viewer.get(f"/examples/{own.id}").status_code == 200
    assert patch(viewer, own.id, revision=1, tags=["a"]).status_code == 403
