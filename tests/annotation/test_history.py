"""One timeline out of revisions, annotations, status changes, findings, comments."""

from typing import Any

from fastapi.testclient import TestClient

from app.annotation import service
from app.annotation.comments import service as comments
from app.annotation.forms import NewAnnotation
from app.checks.models import Finding, FindingDecision
from app.examples import bulk
from app.examples import queries as examples
from app.examples import service as example_service
from app.examples.forms import BulkAction, SelectionFilter
from tests.annotation.factories import access_of, add_examples
from tests.factories import Factory


def test_everything_that_happened_in_order(client: TestClient, factory: Factory) -> None:
    session, project = factory.session, factory.project(guideline="Be brief.")
    ana, ben = access_of(factory, project), access_of(factory, project, "engineer")
    ana.user.name, ben.user.name = "Ana", "Ben"
    first, other = add_examples(factory, project, 2)
    example = examples.get(session, project.id, first)
    example_service.revise(session, ben.user, example, 1, tags=["price"], reason="typo")
    session.commit()
    service.annotate(session, ana, example, NewAnnotation(revision=2, verdict="approve", note="Fine.", seconds=95))
    session.commit()
    comments.say(session, ben, example, "Are we sure?")
    session.commit()
    wanted = BulkAction(filter=SelectionFilter(ids=[first, other]), action="needs_work", expected_count=2)
    change = bulk.apply(session, ben.user, project.id, wanted)
    session.commit()
    finding = _finding(factory, project.id, first)
    session.commit()
    accepted = {"action": "accept", "reason": "public address", "user_id": ben.user.id}
    session.add(FindingDecision(finding_id=finding.id, project_id=project.id, **accepted))
    session.commit()
    bulk.undo(session, ben.user, project.id, change.id)
    session.commit()
    example_service.set_status(session, ben.user, example, "rejected")
    session.commit()

    base = f"/api/v1/projects/{project.slug}/examples"
    headers = factory.bearer(factory.member(project, "viewer"))
    items = client.get(f"{base}/{first}/history", headers=headers).json()["items"]
    assert [(one["kind"], one["who"], one["what"], one["why"]) for one in reversed(items)] == [
        ("revision", "Holdout", "added it", ""),
        ("revision", "Ben", "made revision 2: tags +price", "typo"),
        ("annotation", "Ana", "approved revision 2 (guideline v1, took 1 min 35 s)", "Fine."),
        ("comment", "Ben", "commented", "Are we sure?"),
        ("status", "Ben", "marked as needing work, with others", ""),
        ("finding", "Detectors", "found sensitive (email)", "An e-mail address."),
        ("finding", "Ben", "decided on sensitive (email): accept", "public address"),
        ("status", "Ben", "took back: marked as needing work", ""),
        ("status", "Ben", "set the status to rejected", ""),
    ]
    others = client.get(f"{base}/{other}/history", headers=headers).json()["items"]
    assert {one["kind"] for one in others} == {"revision", "status"}


def _finding(factory: Factory, project_id: str, example_id: str) -> Finding:
    keys: dict[str, Any] = {"kind": "sensitive", "code": "email", "key": "1", "words": "An e-mail address."}
    finding = Finding(project_id=project_id, example_id=example_id, revision=2, **keys)
    factory.session.add(finding)
    factory.session.flush()
    return finding


def test_the_part_for_the_example_page(client: TestClient, factory: Factory) -> None:
    project = factory.project()
    (example_id,) = add_examples(factory, project, 1)
    factory.sign_in(client, factory.member(project, "viewer"))
    url = f"/p/{project.slug}/examples/{example_id}/history"
    part = client.get(url, headers={"hx-request": "true"}).text
    assert "added it" in part
    assert "<html" not in part
    assert "<html" in client.get(url).text
    foreign = factory.project()
    assert client.get(f"/p/{foreign.slug}/examples/{example_id}/history").status_code == 404


def test_what_waits_for_others_is_hidden_with_all_that_its_author_says(client: TestClient, factory: Factory) -> None:
    session, project = factory.session, factory.project()
    project.overlap = 2
    ana, ben = access_of(factory, project), access_of(factory, project)
    (first,) = add_examples(factory, project, 1)
    example = examples.get(session, project.id, first)
    service.annotate(session, ana, example, NewAnnotation(revision=1, verdict="approve", note="Fine."))
    comments.say(session, ana, example, "I approved it, the price is right.")
    session.commit()
    url = f"/api/v1/projects/{project.slug}/examples/{first}"
    hers, his = factory.bearer(ana.user), factory.bearer(ben.user)

    def seen(headers: dict[str, str]) -> tuple[set[str], int]:
        history = client.get(f"{url}/history", headers=headers).json()["items"]
        return {one["kind"] for one in history}, len(client.get(f"{url}/comments", headers=headers).json()["items"])

    assert seen(hers) == ({"revision", "annotation", "comment"}, 1)
    assert seen(his) == ({"revision"}, 0)
    factory.sign_in(client, ben.user)
    part = client.get(f"/p/{project.slug}/examples/{first}/comments", headers={"hx-request": "true"}).text
    assert "the price is right" not in part
    assert "1 comment of people who have judged this already" in part
    answer = client.post(f"{url}/annotations", json={"revision": 1, "verdict": "approve"}, headers=his)
    assert answer.status_code == 201
    kinds, count = seen(his)
    assert kinds >= {"revision", "annotation", "comment"}
    assert count == 1
