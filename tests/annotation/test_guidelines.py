"""Versions of the guideline: who, when, what changed; annotations keep theirs; what a change touches goes back."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.annotation import service
from app.annotation.forms import NewAnnotation
from app.annotation.models import Annotation
from app.examples import queries as examples
from app.examples.models import Example
from app.projects import guidelines
from app.projects.access import Access
from app.projects.models import Project
from tests.annotation.factories import access_of, add_examples
from tests.factories import Factory


@pytest.fixture
def project(factory: Factory) -> Project:
    return factory.project(guideline="Answer in one sentence.", labels=["refund", "invoice"])


def judge(factory: Factory, access: Access, example_id: str, **said: Any) -> None:
    example = examples.get(factory.session, access.project.id, example_id)
    values = {"revision": example.revision, "verdict": "approve", **said}
    service.annotate(factory.session, access, example, NewAnnotation(**values))
    factory.session.commit()


def test_each_change_is_a_version_and_the_same_text_is_none(factory: Factory, project: Project) -> None:
    session = factory.session
    assert project.guideline_version == 1
    assert guidelines.write(session, None, project, "Answer in one sentence.\r\n") == 1
    assert guidelines.write(session, None, project, "Answer in two.", "too terse") == 2
    rows = guidelines.versions(session, project.id)
    assert [(one.number, one.text, one.note) for one, _who in rows] == [
        (2, "Answer in two.", "too terse"),
        (1, "Answer in one sentence.", ""),
    ]
    assert project.guideline == "Answer in two."


def test_a_version_cannot_be_changed_by_the_running_role(factory: Factory, project: Project) -> None:
    from sqlalchemy import text
    from sqlalchemy.exc import ProgrammingError

    with pytest.raises(ProgrammingError, match="permission denied"):
        factory.session.execute(text("update guideline_versions set text = 'other'"))


def test_annotations_remember_their_version(factory: Factory, project: Project) -> None:
    access = access_of(factory, project)
    first, second = add_examples(factory, project, 2)
    judge(factory, access, first)
    guidelines.write(factory.session, None, project, "Answer in two.")
    judge(factory, access, second)
    found = {one.example_id: one.guideline_version for one in factory.session.query(Annotation)}
    assert found == {first: 1, second: 2}


def test_what_a_change_touches_goes_back_and_comes_again(
    client: TestClient, factory: Factory, project: Project
) -> None:
    access = access_of(factory, project)
    old, labelled, new = add_examples(factory, project, 3)
    judge(factory, access, old)
    judge(factory, access, labelled, label="refund")
    guidelines.write(factory.session, None, project, "Answer in two.")
    judge(factory, access, new)
    headers = factory.bearer(factory.member(project, "engineer"))
    base = f"/api/v1/projects/{project.slug}"
    url = f"{base}/guideline/requeue"
    assert client.get(url, headers=headers).json() == {"count": 3, "more": False}
    assert client.get(f"{url}?under_version_below=2", headers=headers).json()["count"] == 2
    assert client.get(f"{url}?under_version_below=2&label=refund", headers=headers).json()["count"] == 1
    body = {"filter": {"under_version_below": 2}, "expected_count": 3}
    assert client.post(url, json=body, headers=headers).status_code == 409
    answer = client.post(url, json=body | {"expected_count": 2}, headers=headers).json()
    assert answer["changed"] == 2
    factory.session.expire_all()
    statuses = {one.id: one.status for one in factory.session.query(Example)}
    assert statuses == {old: "to_review", labelled: "to_review", new: "approved"}
    undone = client.post(f"{base}/examples/bulk/{answer['id']}/undo", headers=headers)
    assert undone.json() == {"changed": 2}
    factory.session.expire_all()
    assert {one.status for one in factory.session.query(Example)} == {"approved"}


def test_what_was_decided_without_an_annotation_goes_back_too(
    client: TestClient, factory: Factory, project: Project
) -> None:
    """Approved at import or in bulk: nobody has looked at it under any version."""
    for example_id in add_examples(factory, project, 2):
        examples.get(factory.session, project.id, example_id).status = "approved"
    (newest,) = add_examples(factory, project, 1, first=2)
    guidelines.write(factory.session, None, project, "Answer in two.")
    judge(factory, access_of(factory, project), newest)
    headers = factory.bearer(factory.member(project, "engineer"))
    url = f"/api/v1/projects/{project.slug}/guideline/requeue"
    assert client.get(f"{url}?under_version_below=2", headers=headers).json() == {"count": 2, "more": False}
    body = {"filter": {"under_version_below": 2}, "expected_count": 2}
    assert client.post(url, json=body, headers=headers).json()["changed"] == 2


def test_only_engineers_write_and_a_stale_edit_loses_nothing(
    client: TestClient, factory: Factory, project: Project
) -> None:
    base = f"/p/{project.slug}/guideline"
    factory.sign_in(client, factory.member(project, "annotator"))
    assert client.post(base, data={"text": "x"}).status_code == 403
    factory.sign_in(client, factory.member(project, "engineer"))
    saved = client.post(base, data={"text": "Answer in two.", "note": "why", "based_on": "1"})
    assert (saved.status_code, saved.headers["location"]) == (303, base)
    stale = client.post(base, data={"text": "My own words", "based_on": "1"})
    assert stale.status_code == 409
    assert "My own words" in stale.text
    assert "Answer in two." in stale.text
    assert 'name="based_on" value="2"' in stale.text


def test_the_pages_compare_and_count(client: TestClient, factory: Factory, project: Project) -> None:
    guidelines.write(factory.session, None, project, "Answer in two sentences.")
    factory.session.commit()
    factory.sign_in(client, factory.member(project, "engineer"))
    base = f"/p/{project.slug}/guideline"
    page = client.get(f"{base}/compare?before=1&after=2").text
    assert "<del>one sentence</del><ins>two sentences</ins>" in page
    judge(factory, access_of(factory, project), add_examples(factory, project, 1)[0])
    counted = client.get(f"{base}/requeue?under_version_below=3")
    assert "1 decided example matches." in counted.text
    gone = client.post(f"{base}/requeue", data={"filter": "under_version_below=3", "expected_count": "1"})
    assert gone.status_code == 303
    listed = client.get(gone.headers["location"])
    assert "1 example sent back to review." in listed.text
    assert "Undo" in listed.text


@pytest.mark.parametrize("query", ["version=0", "version=x", "version=99"])
def test_a_version_that_is_none_is_no_fault_of_ours(
    client: TestClient, factory: Factory, project: Project, query: str
) -> None:
    factory.sign_in(client, factory.member(project, "viewer"))
    assert 400 <= client.get(f"/p/{project.slug}/guideline?{query}").status_code < 500
