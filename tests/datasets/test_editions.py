"""A sealed set is followed by a new version: copied, corrected, counted on from; the old one never changes."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.core.errors import Conflict, Invalid
from app.datasets import edition_queries, editions, queries, service
from app.datasets.editions import Correction
from app.datasets.forms import NewTestSet
from app.datasets.models import TestSet
from app.projects.models import Project
from tests.datasets.factories import add_example
from tests.factories import Factory


@pytest.fixture
def user(factory: Factory) -> User:
    return factory.user()


@pytest.fixture
def project(factory: Factory, user: User) -> Project:
    return factory.project(user)


@pytest.fixture
def sealed(session: Session, user: User, project: Project) -> TestSet:
    ids = [add_example(session, project, f"Q{n}", tags=["t"]).id for n in range(3)]
    made = service.draft(session, user, project, NewTestSet(name="Held out", example_ids=ids)).test_set
    service.seal(session, user, project.id, made.id)
    session.commit()
    return made


def test_a_new_version_is_a_draft_of_the_same_cases(
    session: Session, user: User, project: Project, sealed: TestSet
) -> None:
    content_hash = sealed.content_hash
    made = editions.succeed(session, user, project.id, sealed.id)
    assert (made.name, made.edition, made.previous_id, made.sealed_at) == ("Held out v2", 2, sealed.id, None)
    assert vars(editions.changes(session, made)) == {"same": 3, "added": 0, "corrected": 0, "removed": 0}
    first, second, _third = queries.all_cases(session, made.id)
    editions.correct(session, user, made, first.id, Correction(expected={"text": "Better.", "behavior": "answer"}))
    service.remove_cases(session, user, made, [second.id])
    service.add_rows(session, made, [_fresh()])
    assert vars(editions.changes(session, made)) == {"same": 1, "added": 1, "corrected": 1, "removed": 1}
    service.seal(session, user, project.id, made.id)
    session.commit()
    assert service.content_hash(session, sealed) == content_hash
    third = editions.succeed(session, user, project.id, made.id)
    assert (third.name, third.edition) == ("Held out v3", 3)


def _fresh() -> dict[str, object]:
    row = service.case_row(
        [{"role": "user", "content": "New?"}], None, {"text": "Yes."}, None, example_id=None, tags=[], extra={},
        fingerprint_unit="fp:new", group_unit="fp:new",
    )  # fmt: skip
    assert row is not None
    return row


def test_one_line_only(session: Session, user: User, project: Project, sealed: TestSet) -> None:
    made = editions.succeed(session, user, project.id, sealed.id, "Second")
    session.commit()
    with pytest.raises(Conflict, match="“Second” takes over from this set already"):
        editions.succeed(session, user, project.id, sealed.id)
    with pytest.raises(Conflict, match="is a draft still"):
        editions.succeed(session, user, project.id, made.id)
    service.discard(session, user, project.id, made.id)
    assert editions.succeed(session, user, project.id, sealed.id).edition == 2


def test_a_correction_must_say_something(session: Session, user: User, project: Project, sealed: TestSet) -> None:
    made = editions.succeed(session, user, project.id, sealed.id)
    case = queries.all_cases(session, made.id)[0]
    for expected in ({}, {"behavior": "fly"}, {"colour": "red"}):
        with pytest.raises(Invalid):
            editions.correct(session, user, made, case.id, Correction(expected=expected))


def test_uses_count_along_the_line(session: Session, user: User, project: Project, sealed: TestSet) -> None:
    for _ in range(2):
        queries.note_access(session, sealed.id, "scored_run", user_id=user.id)
    made = editions.succeed(session, user, project.id, sealed.id)
    queries.note_access(session, made.id, "viewed", user_id=user.id)
    assert edition_queries.runs_in_line(session, project.id) == {sealed.id: 2, made.id: 2}


def test_by_http(factory: Factory, client: TestClient, project: Project, sealed: TestSet, session: Session) -> None:
    headers = factory.bearer(factory.member(project, "engineer"))
    url = f"/api/v1/projects/{project.slug}/test-sets"
    assert client.patch(f"{url}/{sealed.id}/cases/{_case(session, sealed)}", json={"expected": {"text": "x"}},
                        headers=headers).status_code == 409  # fmt: skip
    made = client.post(f"{url}/{sealed.id}/versions", json={}, headers=headers)
    assert (made.status_code, made.json()["previous_id"], made.json()["edition"]) == (201, sealed.id, 2)
    one = f"{url}/{made.json()['id']}"
    case_id = client.get(f"{one}/cases", headers=headers).json()["items"][0]["id"]
    corrected = client.patch(
        f"{one}/cases/{case_id}", json={"expected": {"label": "a"}, "tags": ["n"]}, headers=headers
    )
    assert (corrected.json()["expected"], corrected.json()["tags"]) == ({"label": "a"}, ["n"])
    assert client.get(f"{one}/changes", headers=headers).json()["corrected"] == 1
    assert client.get(f"{url}/{sealed.id}/changes", headers=headers).json() is None
    for _ in range(8):
        queries.note_access(session, sealed.id, "scored_run", user_id=None)
    session.commit()
    assert "8 runs were scored" in client.get(one, headers=headers).json()["warning"]


def _case(session: Session, test_set: TestSet) -> str:
    return queries.all_cases(session, test_set.id)[0].id


def test_in_the_browser(
    factory: Factory, client: TestClient, project: Project, sealed: TestSet, session: Session, user: User
) -> None:
    factory.sign_in(client, user)
    url = f"/p/{project.slug}/test-sets"
    made = client.post(f"{url}/{sealed.id}/versions").headers["location"]
    case_id = queries.all_cases(session, made.rpartition("/")[2])[0].id
    wrong = client.post(f"{made}/cases/{case_id}", data={"json": "{", "text": "kept"})
    assert (wrong.status_code, "is not JSON" in wrong.text, "kept" in wrong.text) == (422, True, True)
    right = client.post(f"{made}/cases/{case_id}", data={"text": "Better.", "behavior": "clarify", "tags": "a, b"})
    assert right.status_code == 303
    session.expire_all()
    case = queries.all_cases(session, made.rpartition("/")[2])[0]
    assert (case.expected, case.tags) == ({"text": "Better.", "behavior": "clarify"}, ["a", "b"])
    assert "takes over from this set" in client.get(f"{url}/{sealed.id}").text
    assert "Corrected" in client.get(made).text
