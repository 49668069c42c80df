"""Pages of examples: list, bulk actions, one example, editing, stale edits."""

import html
import re
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.examples import queries, service
from app.examples.models import Example
from app.projects.models import Project
from tests.examples.factories import HOSTILE, add, chat
from tests.factories import Factory

HTMX = {"hx-request": "true"}


class Browser:
    """A signed-in member of one project; ``text`` is what the last page says."""

    def __init__(self, client: TestClient, factory: Factory, project: Project, role: str) -> None:
        self.client = factory.sign_in(client, factory.member(project, role))
        self.base = f"/p/{project.slug}"

    def get(self, path: str, expect: int = 200, **headers: str) -> str:
        answer = self.client.get(self.base + path, headers=headers)
        assert answer.status_code == expect, answer.text
        return html.unescape(answer.text)

    def post(self, path: str, expect: int = 303, **fields: Any) -> str:
        """The page that answers, or where it leads."""
        answer = self.client.post(self.base + path, data=fields)
        assert answer.status_code == expect, answer.text
        return str(answer.headers.get("location")) if expect == 303 else html.unescape(answer.text)


@pytest.fixture
def project(factory: Factory) -> Project:
    return factory.project()


@pytest.fixture
def web(client: TestClient, factory: Factory, project: Project) -> Browser:
    return Browser(client, factory, project, "engineer")


def edit_fields(example: Example, messages: list[dict[str, str]], **fields: Any) -> dict[str, Any]:
    """What the edit form sends."""
    sent: dict[str, Any] = {"revision": example.revision, "count": len(messages) + 2, "tags": "", "behavior": ""}
    for index, message in enumerate(messages):
        sent[f"messages.{index}.role"] = message["role"]
        sent[f"messages.{index}.content"] = message["content"]
    for index in (len(messages), len(messages) + 1):
        sent |= {f"messages.{index}.role": "user", f"messages.{index}.content": ""}
    return sent | fields


def test_an_empty_project_says_what_to_do(web: Browser) -> None:
    page = web.get("/examples")
    assert "No examples yet" in page
    assert f"{web.base}/imports/new" in page


def test_filters_stand_in_the_url_and_in_the_form(web: Browser, session: Session, project: Project) -> None:
    add(session, project, request="Refund my plan", status="approved")
    add(session, project, request="Cancel it")
    page = web.get("/examples?status=approved&q=refund&tag=")
    assert "Refund my plan" in page
    assert "Cancel it" not in page
    assert 'value="refund"' in page
    assert '<option value="approved" selected>' in page
    assert "Nothing matches" in web.get("/examples?q=nowhere")
    assert web.get("/examples?status=great", 422)


def test_search_answers_the_part_that_changes(web: Browser, session: Session, project: Project) -> None:
    add(session, project, request="Refund my plan")
    part = web.get("/examples?q=ref", **HTMX)
    assert part.lstrip().startswith('<div id="examples-results"')
    assert "<html" not in part
    assert "Refund my plan" in part


def test_pages_lead_older_and_newer(web: Browser, session: Session, project: Project) -> None:
    for number in range(120):
        service.add(session, None, project.id, chat(f"Number {number}."))
    session.commit()

    def rows(page: str) -> list[int]:
        return [int(number) for number in re.findall(r"Number (\d+)\.", page)]

    def link(page: str, rel: str) -> str | None:
        found = re.search(rf'href="{web.base}([^"]*)" rel="{rel}"', page)
        return found and found.group(1)

    first = web.get("/examples")
    assert (rows(first), link(first, "prev")) == (list(range(119, 69, -1)), None)
    second = web.get(str(link(first, "next")))
    third = web.get(str(link(second, "next")))
    assert (rows(third), link(third, "next")) == (list(range(19, -1, -1)), None)
    back = web.get(str(link(third, "prev")))
    assert rows(back) == rows(second) == list(range(69, 19, -1))
    assert rows(web.get(str(link(back, "prev")))) == rows(first)


def test_chosen_examples_are_approved_and_taken_back(web: Browser, session: Session, project: Project) -> None:
    first, second = add(session, project), add(session, project, request="Other")
    where = web.post("/examples/bulk", action="approve", ids=[first.id], filter="q=refund")
    assert where.startswith(f"{web.base}/examples?q=refund&changed=")
    page = web.get(where.removeprefix(web.base))
    assert "1 example approved." in page
    undo = re.search(r'action="([^"]*/undo[^"]*)"', page)
    assert undo is not None
    session.refresh(first)
    session.refresh(second)
    assert (first.status, second.status) == ("approved", "to_review")
    where = web.post(undo.group(1).removeprefix(web.base))
    assert "Taken back." in web.get(where.removeprefix(web.base))
    session.refresh(first)
    assert first.status == "to_review"


def test_all_that_match_are_tagged(web: Browser, session: Session, project: Project) -> None:
    for number in range(3):
        add(session, project, request=f"Refund {number}")
    add(session, project, request="Cancel")
    fields = {"action": "tag", "tag": "money", "scope": "all", "filter": "q=refund"}
    assert "matches 3 examples now" in web.post("/examples/bulk", 409, **fields, expected_count=4)
    web.post("/examples/bulk", **fields, expected_count=3)
    session.expire_all()
    assert queries.count(session, project.id, queries.ExampleFilter(tag="money")) == 3


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"action": "approve"}, "Choose examples first"),
        ({"action": "tag", "scope": "all", "expected_count": 1}, "Name the tag"),
        ({"action": "explode", "scope": "all", "expected_count": 1}, "Input should be"),
        ({"action": "approve", "ids": ["1"]}, "not the id of an example"),
        ({"action": "approve", "scope": "all", "expected_count": "x"}, "valid integer"),
    ],
)
def test_a_bulk_form_that_is_not_right_shows_the_list_again(
    web: Browser, session: Session, project: Project, fields: dict[str, Any], words: str
) -> None:
    add(session, project)
    page = web.post("/examples/bulk", 422, **fields)
    assert words in page
    assert "Can you refund my plan?" in page


def test_one_example_shows_what_it_is_and_its_history(web: Browser, session: Session, project: Project) -> None:
    tools = [{"type": "function", "function": {"name": "find_invoice", "parameters": {}}}]
    call = {"id": "c1", "type": "function", "function": {"name": "find_invoice", "arguments": '{"n": 7}'}}
    messages = [
        {"role": "user", "content": [{"type": "text", "text": "Where is 7?"}]},
        {"role": "assistant", "content": None, "tool_calls": [call], "weight": 0},
        {"role": "tool", "tool_call_id": "c1", "content": "found"},
        {"role": "assistant", "content": "Here."},
    ]
    example = add(session, project, messages=messages, tools=tools, group="customer-17", expected={"json": {"a": [1]}})
    service.revise(session, None, example, 1, tags=["b"], reason="tagged by hand")
    session.commit()
    page = web.get(f"/examples/{example.id}")
    for words in (
        "Where is 7?",
        'find_invoice</span>({"n": 7})',
        "not trained",
        "customer-17",
        "tagged by hand",
        '"a"',
    ):
        assert words in page
    older = web.get(f"/examples/{example.id}?revision=1")
    assert "Revision 2 is the current one" in older
    assert "Restore this revision" in older
    web.get(f"/examples/{example.id}?revision=9", 404)


def test_status_and_restoring(web: Browser, session: Session, project: Project) -> None:
    example = add(session, project)
    service.revise(session, None, example, 1, messages=chat(answer="Worse")["messages"])
    session.commit()
    web.post(f"/examples/{example.id}/restoration", number=1, revision=2)
    web.post(f"/examples/{example.id}/status", status="approved")
    session.refresh(example)
    assert (example.answer, example.revision, example.status) == ("I can help with that.", 3, "approved")
    assert "was made while you edited" in web.post(f"/examples/{example.id}/restoration", 409, number=2, revision=2)
    web.post(f"/examples/{example.id}/restoration", 422, number="x", revision=3)
    web.post(f"/examples/{example.id}/status", 422, status="great")


def test_an_edit_is_saved_as_it_was_typed(web: Browser, session: Session, project: Project) -> None:
    example = add(session, project, answer="One\r\nTwo", tags=["a, b", "c"])
    page = web.get(f"/examples/{example.id}/edit")
    assert f'data-draft="example-{example.id}-r1"' in page
    messages = chat(answer="One\r\nTwo")["messages"]
    same = edit_fields(example, messages, tags="a, b, c")
    web.post(f"/examples/{example.id}/revisions", **same)
    session.refresh(example)
    assert example.revision == 1
    messages[1]["content"] = "Changed\r\n  text "
    fields = edit_fields(example, messages, tags="x, y,,x", behavior="clarify", label="billing", json='{"a": 1}')
    fields |= {"messages.3.role": "user", "messages.3.content": "And then?", "messages.0.remove": "true"}
    fields |= {"messages.4.role": "assistant", "messages.4.content": "Done.", "reason": "clearer"}
    where = web.post(f"/examples/{example.id}/revisions", **fields)
    assert where == f"{web.base}/examples/{example.id}"
    saved = queries.revision(session, example.id, 2)
    assert saved.messages == [
        {"role": "user", "content": "Changed\n  text "},
        {"role": "assistant", "content": "One\r\nTwo"},
        {"role": "user", "content": "And then?"},
        {"role": "assistant", "content": "Done."},
    ]
    assert (saved.tags, saved.behavior, saved.reason) == (["x", "y"], "clarify", "clearer")
    assert saved.expected == {"label": "billing", "json": {"a": 1}, "behavior": "clarify"}


def test_a_message_that_is_more_than_text_is_edited_as_json(web: Browser, session: Session, project: Project) -> None:
    parts = [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}, {"role": "assistant", "content": "Ho"}]
    example = add(session, project, messages=parts)
    assert '"type": "text"' in web.get(f"/examples/{example.id}/edit")
    fields = edit_fields(example, [{"role": "user", "content": ""}, {"role": "assistant", "content": "Ho"}])
    del fields["messages.0.content"]
    fields["messages.0.json"] = '{"role": "user", "content": [{"type": "text", "text": "Changed"}]}'
    web.post(f"/examples/{example.id}/revisions", **fields)
    assert queries.revision(session, example.id, 2).messages[0]["content"][0]["text"] == "Changed"
    fields |= {"revision": 2, "messages.0.json": "{"}
    page = web.post(f"/examples/{example.id}/revisions", 422, **fields)
    assert 'id="f-messages.0.json-error"' in page


def test_a_refused_edit_keeps_what_was_typed(web: Browser, session: Session, project: Project) -> None:
    example = add(session, project)
    messages = chat(answer="   ")["messages"]
    fields = edit_fields(example, messages, tags="kept, too", json="{broken", label="keep me")
    page = web.post(f"/examples/{example.id}/revisions", 422, **fields)
    assert 'id="f-json-error"' in page
    page = web.post(f"/examples/{example.id}/revisions", 422, **fields | {"json": ""})
    assert 'id="f-messages.2.content-error"' in page
    for words in ('value="kept, too"', 'value="keep me"', "Can you refund my plan?"):
        assert words in page
    session.refresh(example)
    assert example.revision == 1


def test_a_stale_edit_shows_both_versions_and_keeps_what_was_typed(
    web: Browser, session: Session, project: Project, factory: Factory
) -> None:
    example = add(session, project)
    fields = edit_fields(example, chat(answer="My careful words")["messages"], tags="mine")
    ben = factory.member(project, "annotator", "ben@example.com")
    service.revise(session, ben, example, 1, messages=chat(answer="Ben was faster")["messages"])
    session.commit()
    page = web.post(f"/examples/{example.id}/revisions", 409, **fields)
    for words in ("made meanwhile by ben", "Ben was faster", "My careful words", 'value="mine"'):
        assert words in page
    assert 'name="revision" value="2"' in page
    web.post(f"/examples/{example.id}/revisions", **fields | {"revision": 2})
    session.refresh(example)
    assert (example.revision, example.answer) == (3, "My careful words")


def test_hostile_text_is_only_text(web: Browser, session: Session, project: Project) -> None:
    for words in HOSTILE:
        add(session, project, request=words, answer=words, tags=[words.strip()[:100]], metadata={words: words})
    answer = web.client.get(f"{web.base}/examples")
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    for row in session.query(Example):
        for path in ("", "/edit"):
            answer = web.client.get(f"{web.base}/examples/{row.id}{path}")
            assert answer.status_code == 200
            assert "<script>alert" not in answer.text
            assert row.request.replace("\r\n", "\n") in html.unescape(answer.text)


def test_viewers_look_and_cannot_touch(
    client: TestClient, factory: Factory, session: Session, project: Project
) -> None:
    viewer = Browser(client, factory, project, "viewer")
    example = add(session, project)
    assert 'name="ids"' not in viewer.get("/examples")
    page = viewer.get(f"/examples/{example.id}")
    assert "Approve" not in page
    viewer.get(f"/examples/{example.id}/edit", 403)
    for path in ("/examples/bulk", f"/examples/{example.id}/status", f"/examples/{example.id}/revisions"):
        viewer.post(path, 403)
    annotator = Browser(client, factory, project, "annotator")
    annotator.post("/examples/bulk", 403, action="delete", ids=[example.id])
    assert annotator.post("/examples/bulk", action="approve", ids=[example.id])
