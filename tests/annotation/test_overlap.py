"""Several opinions on one example: each place once, hidden from each other, one decision when all are in."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert, text

from app.accounts.models import AuditEvent
from app.annotation import queries, service, settling
from app.annotation.forms import NewAnnotation, NewSettlement
from app.annotation.models import Annotation, Reservation
from app.core.clock import utcnow
from app.core.db import transaction
from app.core.errors import Conflict, Forbidden
from app.examples import queries as examples
from app.examples import service as example_service
from app.examples.models import Example
from app.projects import service as projects
from app.projects.access import Access
from app.projects.forms import ProjectChange
from app.projects.models import Project
from tests.annotation.factories import access_of, add_examples
from tests.factories import Factory

EDITED = [{"role": "user", "content": "Question 0?"}, {"role": "assistant", "content": "Hello there."}]


@pytest.fixture
def project(factory: Factory) -> Project:
    return factory.project(overlap=2, labels=["refund", "invoice"])


@pytest.fixture
def ana(factory: Factory, project: Project) -> Access:
    return access_of(factory, project)


@pytest.fixture
def ben(factory: Factory, project: Project) -> Access:
    return access_of(factory, project)


@pytest.fixture
def eve(factory: Factory, project: Project) -> Access:
    return access_of(factory, project, "engineer")


@pytest.fixture
def example(factory: Factory, project: Project) -> Example:
    (example_id,) = add_examples(factory, project, 1)
    return examples.get(factory.session, project.id, example_id)


def say(factory: Factory, who: Access, example: Example, verdict: str = "approve", **more: Any) -> Annotation:
    new = NewAnnotation.model_validate({"revision": example.revision, "verdict": verdict} | more)
    annotation = service.annotate(factory.session, who, example, new)
    factory.session.commit()
    return annotation


def state(example: Example) -> tuple[str, int]:
    return example.status, example.revision


def test_two_places_each_another_person(factory: Factory, ana: Access, ben: Access, eve: Access) -> None:
    first, second = add_examples(factory, ana.project, 2)
    session = factory.session
    held = [service.next_item(session, who) for who in (ana, ben, eve)]
    assert [(one.example_id, one.slot) for one in held if one] == [(first, 1), (first, 2), (second, 1)]


def test_edits_wait_and_are_done_when_both_say_the_same(
    factory: Factory, ana: Access, ben: Access, example: Example
) -> None:
    edits = {"messages": EDITED, "tags": ["b", "a"], "behavior": "refuse", "label": "refund"}
    first = say(factory, ana, example, **edits)
    assert (state(example), first.slot, first.before) == (("to_review", 1), 1, {})
    assert first.proposal == edits
    assert service.next_item(factory.session, ana) is None  # she has had her say
    last = say(factory, ben, example, **edits | {"tags": ["a", "b"]})
    assert state(example) == ("approved", 2)
    revision = examples.revision(factory.session, example.id, 2)
    assert (revision.messages, revision.behavior, revision.reason) == (EDITED, "refuse", "agreed in review")
    assert revision.expected == {"label": "refund", "behavior": "refuse"}
    assert last.slot is None
    assert factory.session.query(Annotation).filter(Annotation.slot.is_not(None)).count() == 0


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        ({}, {}, True),
        ({}, {"verdict": "reject"}, False),
        ({}, {"tags": ["x"]}, False),
        ({"label": "refund"}, {"label": "invoice"}, False),
        ({"verdict": "reject", "behavior": "refuse", "tags": ["x"]}, {"verdict": "reject", "tags": ["x"]}, True),
    ],
)
def test_when_two_agree(
    factory: Factory, ana: Access, ben: Access, example: Example, one: Any, other: Any, agree: bool
) -> None:
    say(factory, ana, example, **one)
    say(factory, ben, example, **other)
    assert (example.status != "to_review") == agree
    if agree and one:
        assert (example.tags, example.behavior) == (["x"], None)  # what both changed alike


def test_one_of_them_may_change_their_mind_while_the_other_is_out(
    factory: Factory, ana: Access, ben: Access, example: Example
) -> None:
    say(factory, ana, example)
    again = say(factory, ana, example, "reject")
    assert (again.slot, factory.session.query(Annotation).count()) == (1, 1)
    say(factory, ben, example, "reject")
    assert example.status == "rejected"
    with pytest.raises(Conflict):
        say(factory, access_of(factory, ana.project), example, "reject", revision=9)


def test_a_third_opinion_is_not_taken(
    factory: Factory, ana: Access, ben: Access, eve: Access, example: Example
) -> None:
    say(factory, ana, example)
    say(factory, ben, example, "reject")
    for who in (eve, ana):
        with pytest.raises(Conflict, match="All opinions on this example are in"):
            say(factory, who, example)
        factory.session.rollback()
    assert service.next_item(factory.session, eve) is None


def test_undo_of_the_last_opinion_opens_the_others_again(
    factory: Factory, ana: Access, ben: Access, example: Example
) -> None:
    session = factory.session
    say(factory, ana, example, messages=EDITED)
    say(factory, ben, example, messages=EDITED)
    assert queries.latest(session, ana.project.id, ana.user.id) is None  # it is not hers alone any more
    newest = queries.latest(session, ben.project.id, ben.user.id)
    assert newest
    held = service.undo(session, ben, newest)
    assert held
    assert (held.slot, *state(example)) == (2, "to_review", 3)
    hers = queries.latest(session, ana.project.id, ana.user.id)
    assert hers
    assert hers.slot == 1
    say(factory, ben, example, messages=EDITED)
    assert state(example) == ("approved", 4)
    with pytest.raises(Conflict):
        service.take_back(session, ana, hers)


def test_an_edit_by_somebody_else_ends_the_opinions_and_tags_do_not(
    factory: Factory, ana: Access, ben: Access, example: Example
) -> None:
    say(factory, ana, example)
    example_service.revise(factory.session, None, example, 1, tags=["new"])
    assert len(queries.opinions(factory.session, example.id)) == 1
    example_service.revise(factory.session, None, example, 2, messages=EDITED)
    assert len(queries.opinions(factory.session, example.id)) == 0
    held = service.next_item(factory.session, ana)
    assert held
    say(factory, ana, example)
    say(factory, ben, example)
    assert state(example) == ("approved", 3)


def test_settling(factory: Factory, ana: Access, ben: Access, eve: Access, example: Example) -> None:
    session = factory.session
    say(factory, ana, example, messages=EDITED)
    other = say(factory, ben, example, "reject")
    with pytest.raises(Forbidden):
        settling.next_disagreement(session, ana)
    held = settling.next_disagreement(session, eve)
    assert held
    assert (held.example_id, held.slot) == (example.id, 0)
    assert settling.next_disagreement(session, access_of(factory, eve.project, "engineer")) is None
    new = NewSettlement(revision=1, annotation_id=other.id, note="as Ben says")
    settled = settling.settle(session, eve, example, new, held.id)
    assert (state(example), settled.settles, settled.verdict) == (("rejected", 1), True, "reject")
    assert settling.next_disagreement(session, eve) is None
    with pytest.raises(Conflict, match="settled"):
        settling.settle(session, eve, example, new)
    service.take_back(session, eve, settled)
    assert example.status == "to_review"
    assert [one.verdict for one in queries.opinions(session, example.id)] == ["approve", "reject"]
    own = NewSettlement(revision=1, verdict="approve", tags=["mine"])
    settling.settle(session, eve, example, own)
    assert (state(example), example.tags) == (("approved", 2), ["mine"])


def test_the_permission_to_settle_can_be_given(client: TestClient, factory: Factory, ana: Access) -> None:
    admin = factory.member(ana.project, "admin")
    members = f"/p/{ana.project.slug}/members/{ana.user.id}/settling-permission"
    factory.sign_in(client, admin)
    listed = f"/api/v1/projects/{ana.project.slug}/members"
    for allowed in (True, False):
        assert client.post(members, data={"allowed": str(allowed).lower()}).status_code == 303
        people = client.get(listed, headers=factory.bearer(admin)).json()["items"]
        assert next(one["may_settle"] for one in people if one["id"] == ana.user.id) is allowed
        assert Access(ana.user, ana.project, "annotator", settles=allowed).may_settle is allowed
    assert not Access(ana.user, ana.project, "viewer", settles=True).may_settle


def test_fewer_opinions_decide_what_is_agreed_on_and_leave_the_rest_to_be_settled(
    factory: Factory, ana: Access, ben: Access, eve: Access, project: Project, run_jobs: Any
) -> None:
    projects.change(factory.session, eve.user, project, ProjectChange(overlap=3))
    alike, apart, single = (examples.get(factory.session, project.id, i) for i in add_examples(factory, project, 3))
    for who, verdict in ((ana, "approve"), (ben, "reject")):
        say(factory, who, alike)
        say(factory, who, apart, verdict)
    say(factory, ana, single)
    projects.change(factory.session, eve.user, project, ProjectChange(overlap=2))
    factory.session.commit()
    run_jobs()
    for one in (alike, apart, single):
        factory.session.refresh(one)
    assert [one.status for one in (alike, apart, single)] == ["approved", "to_review", "to_review"]
    held = settling.next_disagreement(factory.session, eve)
    assert held
    assert held.example_id == apart.id
    projects.change(factory.session, eve.user, project, ProjectChange(overlap=1))
    factory.session.commit()
    run_jobs()
    factory.session.refresh(single)
    assert single.status == "approved"
    with pytest.raises(Conflict, match="waits to be settled"):
        say(factory, ana, apart)
    factory.session.rollback()
    assert service.next_item(factory.session, ana) is None


def test_more_opinions_bring_what_waits_back_into_the_queue(
    factory: Factory, ana: Access, ben: Access, eve: Access, project: Project, example: Example
) -> None:
    say(factory, ana, example)
    say(factory, ben, example, "reject")
    projects.change(factory.session, eve.user, project, ProjectChange(overlap=3))
    assert settling.next_disagreement(factory.session, eve) is None
    held = service.next_item(factory.session, eve)
    assert held
    assert held.slot == 3
    say(factory, eve, example, "reject")
    assert example.status == "to_review"  # two against one do not agree


def test_sixteen_people_never_make_more_than_two(factory: Factory, project: Project) -> None:
    people = [access_of(factory, project) for _ in range(8)]
    add_examples(factory, project, 20)

    def work(access: Access) -> int:
        done = 0
        for _ in range(60):
            with transaction() as session:
                held = service.next_item(session, access)
                if held is None:
                    continue
                example = examples.get(session, project.id, held.example_id)
                new = NewAnnotation(revision=example.revision, verdict="approve")
                service.annotate(session, access, example, new, reservation_id=held.id)
                done += 1
        return done

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(work, people)) == 40
    counts = text("select count(*), count(distinct annotator_id) from annotations group by example_id")
    assert factory.session.execute(counts).all() == [(2, 2)] * 20
    assert factory.session.query(Example).filter_by(status="approved").count() == 20
    assert factory.session.query(Reservation).count() == 0


def test_nothing_leaks_before_both_are_in(
    client: TestClient, factory: Factory, ana: Access, ben: Access, eve: Access, example: Example
) -> None:
    say(factory, ana, example, "reject", note="canary-note", tags=["canary-tag"], flagged=True)
    slug = ana.project.slug
    factory.sign_in(client, eve.user)
    paths = ("review/flagged", "review", "agreement", "settings", "review/settle", "review/done", "")
    shown = [client.get(f"/p/{slug}/{path}".rstrip("/")) for path in paths]
    shown.append(client.get(f"/p/{slug}/examples/{example.id}"))
    shown.append(client.get(f"/p/{slug}/examples/{example.id}/annotations"))
    api, bearer = f"/api/v1/projects/{slug}", factory.bearer(ben.user)
    shown.append(client.get(f"{api}/examples/{example.id}/annotations", headers=bearer))
    shown.append(client.get(f"/p/{slug}/examples/{example.id}/history"))
    shown.append(client.get(f"{api}/agreement", headers=bearer))
    assert shown[-1].json()["aspects"] == {}
    assert {answer.status_code for answer in shown} == {200}
    for answer in shown:
        assert "canary" not in answer.text, answer.url
    assert client.get(f"{api}/examples/{example.id}/annotations", headers=bearer).json()["items"] == []
    assert ana.user.name not in client.get(f"/p/{slug}/examples/{example.id}").text
    events = factory.session.query(AuditEvent).filter_by(object_id=example.id).all()
    assert [(one.action, set(one.detail)) for one in events] == [("annotate", {"number"})]
    say(factory, eve, example)  # her page took the second place
    listed = client.get(f"{api}/examples/{example.id}/annotations", headers=bearer).json()["items"]
    assert {one["verdict"] for one in listed} == {"approve", "reject"}


def test_nobody_but_who_settles_decides_past_the_queue(
    client: TestClient, factory: Factory, ana: Access, eve: Access, example: Example
) -> None:
    """In bulk, or on the example's own page."""
    slug = ana.project.slug
    body = {"filter": {"status": "to_review"}, "action": "approve", "expected_count": 1}
    path = f"/api/v1/projects/{slug}/examples/bulk"
    refused = client.post(path, json=body, headers=factory.bearer(ana.user))
    assert (refused.status_code, "several opinions" in refused.text) == (409, True)
    factory.sign_in(client, ana.user)
    page = f"/p/{slug}/examples/{example.id}/status"
    assert client.post(page, data={"status": "approved"}).status_code == 409
    tagged = client.post(path, json=body | {"action": "tag", "tag": "x"}, headers=factory.bearer(ana.user))
    assert tagged.status_code == 200
    done = client.post(path, json=body, headers=factory.bearer(eve.user))
    assert (done.status_code, done.json()["changed"]) == (200, 1)


def test_an_opinion_never_takes_the_place_of_another(
    factory: Factory, ana: Access, ben: Access, example: Example
) -> None:
    """Two were handed the same place at one moment: one had judged before the other's statement saw the place taken."""
    first = say(factory, ana, example)
    factory.session.execute(
        insert(Reservation).values(
            project_id=ana.project.id,
            example_id=example.id,
            slot=first.slot,
            user_id=ben.user.id,
            expires_at=utcnow() + timedelta(minutes=5),
        )
    )
    say(factory, ben, example)
    factory.session.refresh(example)
    assert example.status == "approved"
