"""The review page with and without htmx: one request a decision."""

import re

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from app.accounts.models import User
from app.annotation.models import Annotation
from app.examples import queries as examples
from app.examples import service as example_service
from app.examples.models import Example
from app.projects.models import Project
from tests.annotation.factories import add_examples
from tests.factories import Factory

HTMX = {"hx-request": "true"}


@pytest.fixture
def project(factory: Factory) -> Project:
    return factory.project(guideline="# Be *brief*", labels=["refund", "invoice"])


@pytest.fixture
def ana(factory: Factory, project: Project, client: TestClient) -> User:
    person = factory.member(project, "annotator")
    factory.sign_in(client, person)
    return person


def form_of(page: str) -> tuple[str, dict[str, str]]:
    """Where the decision goes, and the fields that a browser would send unchanged."""
    url = page.split('id="decide" action="')[1].split('"')[0].replace("&amp;", "&")
    hidden = dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"', page))
    texts = dict(re.findall(r'name="(content_\d+)"[^>]*>\n([^<]*)</textarea>', page))
    return url, hidden | texts | {"tags": ""}


def test_a_decision_brings_the_next_one(client: TestClient, factory: Factory, project: Project, ana: User) -> None:
    add_examples(factory, project, 2)
    shown = client.get(f"/p/{project.slug}/review").text
    assert "<em>brief</em>" in shown
    assert "0 of 2" in shown
    url, form = form_of(shown)
    factory.session.execute(text("update reservations set created_at = now() - interval '20 seconds'"))
    factory.session.commit()
    form |= {
        "verdict": "approve",
        "content_1": "Better.\r\nAnd\r\nlonger.",
        "tags": "a, b,",
        "seconds": "12",
        "label": "refund",
    }
    answer = client.post(url, data=form, headers=HTMX)
    assert answer.status_code == 200
    assert "Question 1?" in answer.text
    assert "1 of 2 · 12 s a piece" in answer.text
    assert "<html" not in answer.text
    assert "<em>brief</em>" not in answer.text  # the guideline stays where it is
    again = client.post(url, data=form, headers=HTMX)  # a double click
    assert "Question 1?" in again.text
    example = factory.session.query(Example).filter_by(status="approved").one()
    revision = examples.revision(factory.session, example.id, 2)
    assert revision.messages[1]["content"] == "Better.\nAnd\nlonger."
    assert (revision.tags, revision.expected) == (["a", "b"], {"label": "refund"})
    assert factory.session.query(Annotation).count() == 1


def test_without_javascript_everything_is_a_post_and_a_redirect(
    client: TestClient, factory: Factory, project: Project, ana: User
) -> None:
    add_examples(factory, project, 2)
    home = f"/p/{project.slug}/review?q=Question"
    url, form = form_of(client.get(home).text)
    answer = client.post(url, data=form | {"verdict": "needs_work"})
    assert (answer.status_code, answer.headers["location"]) == (303, home)
    page = client.get(home).text
    assert "Question 1?" in page
    assert factory.session.query(Example).filter_by(status="needs_work").one().revision == 1  # nothing was edited
    undo = page.split('action="/p/' + project.slug + "/review/undo/")[1].split('"')[0]
    for _ in range(2):  # the second time there is nothing more to take back
        assert client.post(f"/p/{project.slug}/review/undo/{undo}").status_code == 303
    assert factory.session.query(Annotation).count() == 0
    page = client.get(home).text
    assert "Question 0?" in page
    skip = page.split("/skip")[0].split('action="')[-1] + "/skip"
    assert client.post(skip).status_code == 303
    assert client.post(skip).status_code == 303
    assert "1 skipped" in client.get(home).text


def test_enter_in_a_field_decides_nothing_and_loses_nothing(
    client: TestClient, factory: Factory, project: Project, ana: User
) -> None:
    add_examples(factory, project, 1)
    url, form = form_of(client.get(f"/p/{project.slug}/review").text)
    for headers in (HTMX, {}):
        refused = client.post(url, data=form | {"verdict": "", "content_1": "typed"}, headers=headers)
        assert refused.status_code == 422
        assert "Choose: approve, reject or needs work." in refused.text
        assert "typed</textarea>" in refused.text
    assert factory.session.query(Annotation).count() == 0


def test_a_refused_edit_names_its_field(client: TestClient, factory: Factory, project: Project, ana: User) -> None:
    add_examples(factory, project, 1)
    url, form = form_of(client.get(f"/p/{project.slug}/review").text)
    refused = client.post(url, data=form | {"verdict": "approve", "content_1": " "}, headers=HTMX)
    assert refused.status_code == 422
    assert 'href="#f-content_1"' in refused.text
    bad = client.post(url, data=form | {"verdict": "approve", "behavior": "dance", "label": "x"}, headers=HTMX)
    assert bad.status_code == 422


def test_an_edit_by_somebody_else_shows_both_versions(
    client: TestClient, factory: Factory, project: Project, ana: User
) -> None:
    (example_id,) = add_examples(factory, project, 1)
    url, form = form_of(client.get(f"/p/{project.slug}/review").text)
    example = examples.get(factory.session, project.id, example_id)
    theirs = [{"role": "user", "content": "Question 0?"}, {"role": "assistant", "content": "Theirs."}]
    example_service.revise(factory.session, None, example, 1, messages=theirs)
    factory.session.commit()
    answer = client.post(url, data=form | {"verdict": "approve", "content_1": "Mine."}, headers=HTMX)
    assert answer.status_code == 409
    assert "revision 2 is the newest" in answer.text
    assert "Theirs." in answer.text
    assert "Mine.</textarea>" in answer.text
    url, again = form_of(answer.text)
    assert client.post(url, data=again | {"verdict": "approve"}, headers=HTMX).status_code == 200


def test_one_that_was_taken_over_makes_way_for_the_next(
    client: TestClient, factory: Factory, project: Project, ana: User
) -> None:
    add_examples(factory, project, 2)
    url, form = form_of(client.get(f"/p/{project.slug}/review").text)
    other = factory.member(project, "annotator")
    sql = "update reservations set id = gen_random_uuid(), user_id = :other"
    factory.session.execute(text(sql), {"other": other.id})
    factory.session.commit()
    renewed = client.post(url.replace("/decision", "/renewal"))
    assert renewed.status_code == 409
    answer = client.post(url, data=form | {"verdict": "approve", "content_1": "Mine."}, headers=HTMX)
    assert answer.status_code == 409
    assert "somebody else has it" in answer.text
    assert "Question 1?" in answer.text
    assert "Mine." not in answer.text
    assert factory.session.query(Annotation).count() == 0


def test_a_renewal_answers_nothing(client: TestClient, factory: Factory, project: Project, ana: User) -> None:
    add_examples(factory, project, 1)
    url, _form = form_of(client.get(f"/p/{project.slug}/review").text)
    assert client.post(url.replace("/decision", "/renewal")).status_code == 204


def test_an_empty_queue_says_what_is_next(client: TestClient, factory: Factory, project: Project, ana: User) -> None:
    page = client.get(f"/p/{project.slug}/review").text
    assert "Nothing waits for review" in page
    add_examples(factory, project, 1)
    url, form = form_of(client.get(f"/p/{project.slug}/review").text)
    page = client.post(url, data=form | {"verdict": "approve", "flagged": "true", "note": "Sure?"}, headers=HTMX).text
    assert "All done" in page
    assert re.search(r"review/undo/[0-9a-f]{8}-", page)
    assert "Sure?" in client.get(f"/p/{project.slug}/review/flagged").text


def test_what_people_said_of_an_example(client: TestClient, factory: Factory, project: Project, ana: User) -> None:
    (example_id,) = add_examples(factory, project, 1)
    url = f"/p/{project.slug}/examples/{example_id}/annotations"
    assert "Nobody has reviewed it yet." in client.get(url, headers=HTMX).text
    where, form = form_of(client.get(f"/p/{project.slug}/review").text)
    factory.session.execute(text("update reservations set created_at = now() - interval '80 seconds'"))
    factory.session.commit()
    client.post(where, data=form | {"verdict": "reject", "note": "<i>why</i>", "seconds": "70"})
    page = client.get(url, headers=HTMX).text
    assert "&lt;i&gt;why&lt;/i&gt;" in page
    assert "1 min 10 s" in page
    assert "<html" not in page


def test_a_viewer_may_not_review(client: TestClient, factory: Factory, project: Project) -> None:
    factory.sign_in(client, factory.member(project, "viewer"))
    assert client.get(f"/p/{project.slug}/review").status_code == 403
