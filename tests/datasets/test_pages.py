"""The pages of test sets and dataset versions, as a browser without JavaScript uses them."""

import json

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.core.clock import utcnow
from app.datasets import queries, service, versions
from app.datasets.forms import NewTestSet
from app.datasets.models import DatasetVersion, TestSet
from app.datasets.near import service as near
from app.examples.forms import ExampleFilter
from app.examples.service import revise
from app.projects.models import Project
from tests.datasets.factories import add_example
from tests.factories import Factory


@pytest.fixture
def user(factory: Factory, client: TestClient) -> User:
    user = factory.user("ana@example.com", name="Ana")
    factory.sign_in(client, user)
    return user


@pytest.fixture
def project(factory: Factory, user: User) -> Project:
    return factory.project(user)


@pytest.fixture
def base(project: Project) -> str:
    return f"/p/{project.slug}"


def draft(session: Session, user: User, project: Project, *ids: str, name: str = "Held out") -> TestSet:
    made = service.draft(session, user, project, NewTestSet(name=name, example_ids=list(ids))).test_set
    session.commit()
    return made


def test_the_first_visit_says_what_to_do_next(client: TestClient, base: str) -> None:
    assert "Hold out a test set first" in client.get(f"{base}/test-sets").text
    assert "Nothing is frozen yet" in client.get(f"{base}/versions").text
    for source in ("fraction", "examples", "upload"):
        assert client.get(f"{base}/test-sets/new?from={source}").status_code == 200
    assert client.get(f"{base}/versions/new").status_code == 200


def test_draw_look_remove_seal(client: TestClient, session: Session, user: User, project: Project, base: str) -> None:
    for n in range(10):
        add_example(session, project, f"Question {n} <b>", behavior="answer", tags=["t"])
    form = {"source": "fraction", "name": "Held out", "kind": "task", "fraction": "40", "seed": "3", "pool": "approved"}
    made = client.post(f"{base}/test-sets", data=form)
    assert made.status_code == 303
    url = made.headers["location"]
    page = client.get(url).text
    assert "A draft: nothing is held out yet" in page
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    (test_set,) = session.scalars(select(TestSet))
    assert test_set.size == 4
    case = queries.all_cases(session, test_set.id)[0]
    assert "What is expected" in client.get(f"{url}/cases/{case.id}").text
    assert client.post(f"{url}/cases/{case.id}/removal").headers["location"] == url
    preview = client.get(f"{url}/seal").text
    assert "3 cases will be held out; 3 examples will leave the training pool." in preview
    assert client.post(f"{url}/seal").headers["location"] == url
    page = client.get(url).text
    assert "Sealed by Ana: 3 cases, not used yet." in page
    assert "What sealing guarantees" in page
    assert "Remove" not in page
    refused = client.post(f"{url}/cases/{case.id}/removal")
    assert (refused.status_code, "is sealed" in refused.text) == (409, True)
    assert client.get(f"{url}/seal").status_code == 303
    assert "1 sealed set with 3 cases, used 0 times." in client.get(f"{base}/test-sets").text


def test_choose_by_number_and_keep_what_was_typed(
    client: TestClient, session: Session, project: Project, base: str
) -> None:
    numbers = [add_example(session, project, f"Q{n}").number for n in range(3)]
    form = {"source": "examples", "name": "Chosen", "kind": "edge", "numbers": f"#{numbers[0]}, 999999"}
    refused = client.post(f"{base}/test-sets", data=form)
    assert refused.status_code == 422
    assert "Not an example of this project: #999999." in refused.text
    assert 'value="Chosen"' in refused.text
    assert session.scalar(select(TestSet)) is None
    bad = client.post(f"{base}/test-sets", data=form | {"numbers": "all"})
    assert (bad.status_code, "is not a number of an example" in bad.text) == (422, True)
    made = client.post(f"{base}/test-sets", data=form | {"numbers": f"{numbers[0]}-{numbers[2]}"})
    assert made.status_code == 303
    assert session.scalars(select(TestSet)).one().size == 3


def test_a_file_of_cases(client: TestClient, session: Session, base: str) -> None:
    good = json.dumps({"messages": [{"role": "user", "content": "Harm?"}], "expected": {"behavior": "refuse"}})
    form = {"source": "upload", "name": "Red team", "kind": "red_team"}
    none = client.post(f"{base}/test-sets", data=form, files={"file": ("x.jsonl", b"nonsense\n")})
    assert (none.status_code, "neither JSON nor a CSV table" in none.text) == (422, True)
    broken = client.post(f"{base}/test-sets", data=form, files={"file": ("x.jsonl", b"{nonsense\n")})
    assert (broken.status_code, "Line 1: the line: is not JSON" in broken.text) == (422, True)
    assert "Choose a file" in client.post(f"{base}/test-sets", data=form).text
    assert session.scalar(select(TestSet)) is None
    file = ("cases.jsonl", f"{good}\nnonsense\n".encode())
    made = client.post(f"{base}/test-sets", data=form, files={"file": file})
    assert made.status_code == 303
    page = client.get(made.headers["location"]).text
    assert "cases.jsonl: 1 added, 1 line refused" in page
    more = client.post(made.headers["location"] + "/cases", files={"file": ("m.jsonl", b"")})
    assert (more.status_code, "The file is empty." in more.text) == (422, True)


def test_what_was_trained_on_is_named_and_can_be_taken_out(
    client: TestClient, session: Session, user: User, project: Project, base: str
) -> None:
    trained = add_example(session, project, "Trained")
    versions.freeze(session, user, project, "First", ExampleFilter())
    fresh = add_example(session, project, "Fresh")
    url = f"{base}/test-sets/{draft(session, user, project, trained.id, fresh.id).id}"
    page = client.get(f"{url}/seal").text
    assert "1 case may have been trained on." in page
    assert "Seal for good" not in page
    assert client.post(f"{url}/seal").status_code == 409
    assert client.post(f"{url}/quarantine-removal").headers["location"] == f"{url}/seal"
    assert "1 case will be held out" in client.get(f"{url}/seal").text


def test_the_seal_shows_what_is_nearly_the_same_and_lets_it_be_told_apart(
    client: TestClient, session: Session, user: User, project: Project, base: str
) -> None:
    case = add_example(session, project, "How do I change the address on my last invoice?")
    close = add_example(session, project, "How do I change the amount on my last invoice?")
    url = f"{base}/test-sets/{draft(session, user, project, case.id).id}"
    assert "2 requests came in lately" in client.get(f"{url}/seal").text
    near.scan(project.id)
    page = client.get(f"{url}/seal").text
    assert "1 case will be held out; 2 examples will leave" in page
    assert f'<a href="{base}/examples/{close.id}">#{close.number}</a>' in page
    units = {"unit": close.fingerprint_unit, "other": case.fingerprint_unit}
    assert client.post(f"{url}/near-separation", data=units | {"other": "fp:none"}).status_code == 404
    assert client.post(f"{url}/near-separation", data=units).headers["location"] == f"{url}/seal"
    page = client.get(f"{url}/seal").text
    assert "1 case will be held out; 1 example will leave" in page
    assert "Not a duplicate" not in page


def test_freeze_compare_verify_download(
    client: TestClient, session: Session, user: User, project: Project, base: str
) -> None:
    add_example(session, project, "A", tags=["x"])
    add_example(session, project, "B", status="to_review")
    page = client.get(f"{base}/versions/new?tag=x").text
    assert "1 example to train on" in page
    assert '<input type="hidden" name="tag" value="x">' in page
    assert "not approved" in client.get(f"{base}/versions/new").text
    made = client.post(f"{base}/versions", data={"name": "First", "tag": "x"})
    assert made.status_code == 303
    url = made.headers["location"]
    version = session.scalars(select(DatasetVersion)).one()
    other = versions.freeze(session, user, project, "Other", ExampleFilter())
    session.commit()
    assert "1 example to train on; 0 examples that matched" in client.get(url).text
    assert "The bytes are those that were frozen" in client.get(f"{url}?verify=true").text
    assert "No difference" in client.get(f"{url}/diff?against={other.id}").text
    assert client.get(f"{url}/export").headers["etag"] == f'"{version.content_hash}"'
    assert "not approved" in client.get(f"{base}/versions/{other.id}?reason=not+approved").text
    refused = client.post(f"{base}/versions", data={"name": "", "tag": "none"})
    assert refused.status_code == 422
    nothing = client.post(f"{base}/versions", data={"name": "Typed", "tag": "none"})
    assert (nothing.status_code, "No example matches" in nothing.text, "Typed" in nothing.text) == (422, True, True)


def test_a_missing_thing_is_a_page_with_the_rail(client: TestClient, base: str) -> None:
    for path in ("test-sets/x", "versions/x", "test-sets/018f0000-0000-7000-8000-000000000001/seal"):
        answer = client.get(f"{base}/{path}")
        assert (answer.status_code, "does not exist" in answer.text) == (404, True)


def test_a_viewer_reads_and_changes_nothing(
    client: TestClient, session: Session, factory: Factory, user: User, project: Project, base: str
) -> None:
    test_set = draft(session, user, project, add_example(session, project, "A").id)
    factory.sign_in(client, factory.member(project, "viewer"))
    page = client.get(f"{base}/test-sets/{test_set.id}").text
    assert "Seal" not in page.replace("Seal it before", "").replace("Before you seal", "")
    for path in ("test-sets/new", "versions/new", f"test-sets/{test_set.id}/seal"):
        assert client.get(f"{base}/{path}").status_code == 403
    for path in ("test-sets", f"test-sets/{test_set.id}/seal", f"test-sets/{test_set.id}/removal", "versions"):
        assert client.post(f"{base}/{path}", data={"name": "x"}).status_code == 403


def test_two_versions_word_by_word(
    client: TestClient, session: Session, user: User, project: Project, base: str
) -> None:
    edited = add_example(session, project, "Edited", "You get it back in 14 days.")
    gone, deleted = add_example(session, project, "Withdrawn"), add_example(session, project, "Deleted")
    first = versions.freeze(session, user, project, "First", ExampleFilter())
    session.commit()
    revise(session, user, edited, 1, messages=[*_said("Edited", "You get it back in 30 days.")])
    edited.status, gone.status = "approved", "rejected"
    deleted.deleted_at = utcnow()
    session.commit()
    add_example(session, project, "Came")
    second = versions.freeze(session, user, project, "Second", ExampleFilter())
    session.commit()
    url = f"{base}/versions/{second.id}/diff?against={first.id}"
    page = client.get(url).text
    assert "1 example more, 2 gone, 1 edited: 3 examples became 2." in page, page[page.index("<h1") :][:400]
    assert "<del>14</del><ins>30</ins>" in page
    assert "Came" in client.get(f"{url}&kind=added").text
    removed = client.get(f"{url}&kind=removed").text
    assert ("not approved: rejected" in removed, "deleted" in removed) == (True, True)
    assert client.get(f"{url}&kind=other").status_code == 422


def _said(request: str, answer: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": request}, {"role": "assistant", "content": answer}]


def test_the_export_page_says_what_fits(
    client: TestClient, session: Session, user: User, project: Project, base: str
) -> None:
    add_example(session, project, "A")
    odd = add_example(session, project, "B", tools=[{"type": "function", "function": {"name": "f"}}])
    version = versions.freeze(session, user, project, "First", ExampleFilter())
    session.commit()
    url = f"{base}/versions/{version.id}/exports"
    assert "not looked at yet" in client.get(url).text
    fragment = client.get(url, headers={"HX-Request": "true"}).text
    assert f"#{odd.number} has tools" in fragment
    assert "<html" not in fragment
