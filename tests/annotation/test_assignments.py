"""Examples given to people: the queue hands them out first; progress, moving, calling off."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.annotation import service
from app.annotation.assignments import queries
from app.annotation.forms import NewAnnotation
from app.examples import queries as examples
from app.projects.access import Access
from app.projects.models import Project
from tests.annotation.factories import add_examples
from tests.factories import Factory


@pytest.fixture
def project(factory: Factory) -> Project:
    return factory.project()


def member(factory: Factory, project: Project, email: str) -> Access:
    return Access(factory.member(project, "annotator", email), project, "annotator")


def give(client: TestClient, factory: Factory, project: Project, **body: Any) -> Any:
    engineer = factory.bearer(factory.member(project, "engineer"))
    given = {"name": "First pass", "count": 2, "people": ["ana@example.com"], **body}
    return client.post(f"/api/v1/projects/{project.slug}/assignments", json=given, headers=engineer)


def judge(factory: Factory, access: Access, example_id: str) -> None:
    example = examples.get(factory.session, access.project.id, example_id)
    service.annotate(factory.session, access, example, NewAnnotation(revision=1, verdict="approve"))
    factory.session.commit()


def handed(factory: Factory, access: Access) -> str | None:
    """The id of the next example; it is given back at once."""
    held = service.next_item(factory.session, access)
    found = held.example_id if held else None
    factory.session.rollback()
    return found


def test_dealt_out_handed_out_first_and_done(client: TestClient, factory: Factory, project: Project) -> None:
    ids = add_examples(factory, project, 6)
    ana, ben = member(factory, project, "ana@example.com"), member(factory, project, "ben@example.com")
    for one in ids[2:4]:  # not the oldest
        examples.get(factory.session, project.id, one).tags = ["hard"]
    factory.session.commit()
    people = ["ana@example.com", "BEN@example.com"]
    made = give(client, factory, project, filter={"tag": "hard"}, people=people, due_on="2999-01-01")
    assert made.status_code == 201, made.text
    assert [(one["name"], one["total"], one["waiting"]) for one in made.json()["people"]] == [
        ("ana", 1, 1),
        ("ben", 1, 1),
    ]
    assert handed(factory, ana) == ids[2]
    assert handed(factory, ben) == ids[3]
    other = member(factory, project, "eve@example.com")
    assert handed(factory, other) == ids[0]
    judge(factory, ana, ids[2])
    assert handed(factory, ana) == ids[0]
    for one in (ids[0], ids[1], ids[4], ids[5]):
        judge(factory, other, one)
    assert handed(factory, other) == ids[3]  # what others were asked comes last, but it comes
    assert queries.waiting(factory.session, project.id, ana.user.id)[0] == 0
    assert queries.waiting(factory.session, project.id, ben.user.id)[0] == 1
    judge(factory, other, ids[3])
    (share,) = [
        one for one in queries.shares(factory.session, [made.json()["id"]])[made.json()["id"]] if one.name == "ben"
    ]
    assert (share.done, share.waiting, share.elsewhere) == (0, 0, 1)


def test_nobody_is_given_the_same_twice(client: TestClient, factory: Factory, project: Project) -> None:
    add_examples(factory, project, 3)
    member(factory, project, "ana@example.com")
    assert give(client, factory, project).status_code == 201
    again = give(client, factory, project)
    assert again.status_code == 409
    assert "Only 1 example" in again.json()["detail"]


def test_moving_and_calling_off(client: TestClient, factory: Factory, project: Project) -> None:
    ids = add_examples(factory, project, 3)
    ana, ben = member(factory, project, "ana@example.com"), member(factory, project, "ben@example.com")
    made = give(client, factory, project).json()
    judge(factory, ana, ids[0])
    engineer = factory.bearer(factory.member(project, "engineer"))
    url = f"/api/v1/projects/{project.slug}/assignments/{made['id']}"
    body = {"giver": "ana@example.com", "taker": "ben@example.com"}
    assert client.post(f"{url}/reassign", json=body, headers=engineer).json() == {"moved": 1}
    assert client.post(f"{url}/reassign", json=body, headers=engineer).status_code == 409
    factory.session.rollback()
    assert handed(factory, ben) == ids[1]
    assert queries.waiting(factory.session, project.id, ana.user.id)[0] == 0
    assert client.post(f"{url}/cancel", headers=engineer).json()["cancelled_at"]
    assert client.post(f"{url}/cancel", headers=engineer).status_code == 409
    factory.session.rollback()
    assert queries.waiting(factory.session, project.id, ben.user.id)[0] == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"people": ["nobody@example.com"]}, 422),
        ({"people": []}, 422),
        ({"count": 0}, 422),
        ({"due_on": "2001-01-01"}, 422),
        ({"filter": {"status": "approved"}}, 422),
    ],
)
def test_what_cannot_be_given(
    client: TestClient, factory: Factory, project: Project, body: dict[str, Any], status: int
) -> None:
    add_examples(factory, project, 3)
    member(factory, project, "ana@example.com")
    assert give(client, factory, project, **body).status_code == status


def test_annotators_see_and_engineers_give(client: TestClient, factory: Factory, project: Project) -> None:
    add_examples(factory, project, 3)
    ana = member(factory, project, "ana@example.com")
    base = f"/p/{project.slug}/assignments"
    factory.sign_in(client, ana.user)
    assert client.get(f"{base}/new").status_code == 403
    factory.sign_in(client, factory.member(project, "engineer"))
    form = {"name": "First pass", "count": "2", "people": "ana@example.com", "note": "Please", "filter": ""}
    short = client.post(base, data=form | {"count": "9"})
    assert short.status_code == 409
    assert 'value="First pass"' in short.text
    made = client.post(base, data=form)
    assert made.status_code == 303
    factory.sign_in(client, ana.user)
    assert "You have 2 to review" in client.get(base).text
    assert "0 of 2 done" in client.get(made.headers["location"]).text
    assert "Review your 2 examples" in client.get(f"/p/{project.slug}").text


def test_a_foreign_assignment_is_not_there(client: TestClient, factory: Factory, project: Project) -> None:
    add_examples(factory, project, 3)
    member(factory, project, "ana@example.com")
    made = give(client, factory, project).json()
    foreign = factory.project()
    headers = factory.bearer(factory.member(foreign, "admin"))
    assert client.get(f"/api/v1/projects/{foreign.slug}/assignments/{made['id']}", headers=headers).status_code == 404
