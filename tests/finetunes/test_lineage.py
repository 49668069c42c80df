"""From a model back to each example and who approved it; from an example, also a deleted one, to all that used it."""

from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.annotation import service as reviews
from app.annotation.forms import NewAnnotation
from app.core.clock import utcnow
from app.core.ids import new_id
from app.datasets import service as sets
from app.datasets import versions
from app.datasets.forms import NewTestSet
from app.examples import bulk
from app.examples import service as examples
from app.examples.forms import BulkAction, ExampleFilter, SelectionFilter
from app.finetunes.lineage.approvals import NONE, Approval, Sign, approval
from app.finetunes.models import FineTune
from app.projects.access import Access
from app.projects.models import Project
from tests.datasets.factories import add_example
from tests.factories import Factory
from tests.finetunes.factories import provider

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def sign(who: str, hours: int, how: str, revision: int | None = None) -> Sign:
    return Sign("e", who, NOON + timedelta(hours=hours), how, revision)


def test_reviewers_of_the_frozen_words_come_first() -> None:
    assert approval([], 1) == NONE
    both = [sign("Ben", 2, "review", 2), sign("Ana", 1, "review", 2), sign("Cy", 3, "together")]
    assert approval(both, 2) == Approval(["Ana", "Ben"], NOON + timedelta(hours=2), "review")
    older = [sign("Ana", 1, "review", 1)]
    assert approval(older, 2) == Approval(["Ana"], NOON + timedelta(hours=1), "review", 1)
    assert approval([sign("Ana", 1, "review", 3)], 2) == NONE
    assert approval([*older, sign("Cy", 3, "status")], 2).names == ["Cy"]


@pytest.fixture
def user(factory: Factory) -> User:
    return factory.user(name="Olga")


@pytest.fixture
def project(factory: Factory, user: User) -> Project:
    return factory.project(user)


def test_each_row_names_its_approver_as_of_the_freeze(
    factory: Factory, client: TestClient, session: Session, user: User, project: Project
) -> None:
    ana = factory.member(project, "annotator")
    ana.name = "Ana"
    reviewed, together, by_status, nobody = (
        add_example(session, project, name, status=status)
        for name, status in (("A", "to_review"), ("B", "to_review"), ("C", "to_review"), ("D", "approved"))
    )
    session.commit()
    access = Access(ana, project, "annotator")
    reviews.annotate(session, access, reviewed, NewAnnotation(revision=1, verdict="approve", seconds=3))
    session.commit()
    chosen = BulkAction(filter=SelectionFilter(ids=[together.id]), action="approve", expected_count=1)
    bulk.apply(session, user, project.id, chosen)
    examples.set_status(session, user, by_status, "approved")
    session.commit()
    version = versions.freeze(session, user, project, "First", ExampleFilter())
    session.commit()
    examples.set_status(session, user, nobody, "rejected")
    examples.set_status(session, user, nobody, "approved")  # after the freeze: not what let it in
    session.commit()
    client.headers.update(factory.bearer(factory.member(project, "viewer")))
    base = f"/api/v1/projects/{project.slug}"
    items = client.get(f"{base}/dataset-versions/{version.id}/lineage").json()["items"]
    found = [(one["number"], one["approved_by"], one["approved_how"]) for one in items]
    assert found == [
        (reviewed.number, ["Ana"], "review"),
        (together.number, ["Olga"], "together"),
        (by_status.number, ["Olga"], "status"),
        (nobody.number, [], "none"),
    ]
    factory.sign_in(client, user)
    page = client.get(f"/p/{project.slug}/versions/{version.id}/lineage").text
    assert "3 of its 4 examples were not approved in review" in page
    assert ("nobody on record" in page, "Olga, with others" in page) == (True, True)


def test_a_fine_tune_has_the_lineage_of_the_version_that_it_was_trained_on(
    factory: Factory, client: TestClient, session: Session, user: User, project: Project
) -> None:
    """Of that one, not of the newest."""
    made = [add_example(session, project, name) for name in "ABC"]
    first = versions.freeze(session, user, project, "First", ExampleFilter())
    add_example(session, project, "D")
    second = versions.freeze(session, user, project, "Second", ExampleFilter())
    tuned = FineTune(
        project_id=project.id, provider_id=provider(session, "http://models.example").id, base_model="m", method="api",
        dataset_version_id=first.id, launch_token=new_id(), export_sha256=first.content_hash,
    )  # fmt: skip
    session.add(tuned)
    session.commit()
    client.headers.update(factory.bearer(factory.member(project, "viewer")))
    base = f"/api/v1/projects/{project.slug}"
    answer = client.get(f"{base}/fine-tunes/{tuned.id}/lineage")
    assert answer.status_code == 200
    assert [one["example_id"] for one in answer.json()["items"]] == [example.id for example in made]
    assert answer.json() == client.get(f"{base}/dataset-versions/{first.id}/lineage").json()
    assert len(client.get(f"{base}/dataset-versions/{second.id}/lineage").json()["items"]) == 4
    page = client.get(f"{base}/fine-tunes/{tuned.id}/lineage?limit=2").json()
    rest = client.get(f"{base}/fine-tunes/{tuned.id}/lineage", params={"limit": 2, "cursor": page["next_cursor"]})
    assert [one["number"] for one in page["items"] + rest.json()["items"]] == [example.number for example in made]
    elsewhere = f"/api/v1/projects/{factory.project(user).slug}/fine-tunes/{tuned.id}/lineage"
    assert client.get(elsewhere, headers=factory.bearer(user)).status_code == 404


def test_a_deleted_example_still_names_what_used_it(
    factory: Factory, client: TestClient, session: Session, user: User, project: Project
) -> None:
    example = add_example(session, project, "A")
    free = add_example(session, project, "B")
    case = sets.draft(session, user, project, NewTestSet(name="Set", example_ids=[free.id])).test_set
    version = versions.freeze(session, user, project, "First", ExampleFilter())
    session.commit()
    example.deleted_at = utcnow()
    session.commit()
    later = versions.freeze(session, user, project, "Second", ExampleFilter())
    session.commit()
    assert (version.size, later.size) == (2, 1)
    client.headers.update(factory.bearer(factory.member(project, "viewer")))
    base = f"/api/v1/projects/{project.slug}/examples"
    used = client.get(f"{base}/{example.id}/uses").json()
    assert [one["number"] for one in used["dataset_versions"]] == [version.number]
    assert used["deleted_at"] is not None
    assert client.get(f"{base}/{free.id}/uses").json()["test_sets"][0]["test_set_id"] == case.id
    assert client.get(f"{base}/{user.id}/uses").status_code == 404
    factory.sign_in(client, user)
    page = client.get(f"/p/{project.slug}/examples/{example.id}/uses").text
    assert "Deleted: no later version has it. What had it before still does: 1 dataset version." in page
    fragment = client.get(f"/p/{project.slug}/examples/{free.id}/uses", headers={"HX-Request": "true"}).text
    assert ("<html" in fragment, "It stands in 2 dataset versions, 1 test set." in fragment) == (False, True)


def test_a_candidate_that_no_fine_tune_made_has_no_lineage(
    factory: Factory, client: TestClient, user: User, project: Project
) -> None:
    factory.sign_in(client, user)
    assert client.get(f"/p/{project.slug}/candidates/{user.id}/lineage").status_code == 404
    assert client.get(f"/p/{project.slug}/fine-tunes/{user.id}/lineage").status_code == 404
