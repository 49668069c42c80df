"""Disagreements settled by programs, as on the page."""

import pytest
from fastapi.testclient import TestClient

from app.annotation import service
from app.annotation.forms import NewAnnotation
from app.examples.models import Example
from app.projects.access import Access
from app.projects.models import Project
from tests.annotation.factories import add_examples
from tests.factories import Factory


@pytest.fixture
def project(factory: Factory) -> Project:
    made = factory.project()
    made.overlap = 2
    factory.session.commit()
    return made


@pytest.fixture
def example(factory: Factory, project: Project) -> Example:
    """Two people say different things of it."""
    (example_id,) = add_examples(factory, project, 1)
    example = factory.session.get_one(Example, example_id)
    for verdict in ("approve", "reject"):
        access = Access(factory.member(project, "annotator"), project, "annotator")
        new = NewAnnotation.model_validate({"revision": 1, "verdict": verdict})
        service.annotate(factory.session, access, example, new)
    factory.session.commit()
    return example


def base(project: Project) -> str:
    return f"/api/v1/projects/{project.slug}/disagreements"


def test_listed_and_settled_as_one_of_them_said(
    client: TestClient, factory: Factory, project: Project, example: Example
) -> None:
    eve = factory.bearer(factory.member(project, "engineer"))
    (one,) = client.get(base(project), headers=eve).json()["items"]
    assert (one["example_id"], one["differs"], one["mine_until"]) == (example.id, ["verdict"], None)
    assert [each["verdict"] for each in one["opinions"]] == ["approve", "reject"]
    handed = client.post(f"{base(project)}/next", headers=eve).json()
    assert handed["mine_until"]
    decision = {"revision": 1, "annotation_id": one["opinions"][1]["annotation_id"], "note": "As they say."}
    settled = client.post(f"{base(project)}/{example.id}/decision", json=decision, headers=eve)
    assert (settled.status_code, settled.json()["verdict"]) == (201, "reject")
    factory.session.refresh(example)
    assert example.status == "rejected"
    assert client.get(base(project), headers=eve).json()["items"] == []
    assert client.get(f"{base(project)}/{example.id}", headers=eve).status_code == 404
    assert client.post(f"{base(project)}/next", headers=eve).status_code == 204
    again = client.post(f"{base(project)}/{example.id}/decision", json=decision, headers=eve)
    assert again.status_code == 409


def test_settled_with_a_verdict_of_ones_own(
    client: TestClient, factory: Factory, project: Project, example: Example
) -> None:
    eve = factory.bearer(factory.member(project, "engineer"))
    address = f"{base(project)}/{example.id}/decision"
    assert client.post(address, json={"revision": 1}, headers=eve).status_code == 422
    assert client.post(address, json={"revision": 7, "verdict": "approve"}, headers=eve).status_code == 409
    own = {"revision": 1, "verdict": "approve", "tags": ["mine"]}
    assert client.post(address, json=own, headers=eve).status_code == 201
    factory.session.refresh(example)
    assert (example.status, example.tags) == ("approved", ["mine"])


def test_only_those_who_may_and_one_at_a_time(
    client: TestClient, factory: Factory, project: Project, example: Example
) -> None:
    ana = factory.bearer(factory.member(project, "annotator"))
    assert client.get(base(project), headers=ana).status_code == 403
    assert client.get(f"{base(project)}/{example.id}", headers=ana).status_code == 403
    own = {"revision": 1, "verdict": "approve"}
    assert client.post(f"{base(project)}/{example.id}/decision", json=own, headers=ana).status_code == 403
    assert client.post(f"{base(project)}/next", headers=ana).status_code == 403
    eve, finn = (factory.bearer(factory.member(project, "engineer")) for _ in range(2))
    client.post(f"{base(project)}/next", headers=eve)
    refused = client.post(f"{base(project)}/{example.id}/decision", json=own, headers=finn)
    assert refused.status_code == 409
    assert "Somebody else settles" in refused.text
    assert client.post(f"{base(project)}/{example.id}/decision", json=own, headers=eve).status_code == 201
