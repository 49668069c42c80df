"""A cluster of near-duplicates never stands in a test set and in a dataset version: not by the verbs, not by SQL."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.core import db
from app.core.errors import Conflict
from app.datasets import service, versions
from app.datasets.forms import NewTestSet
from app.datasets.near import service as near
from app.examples import queries as examples
from app.examples import service as example_service
from app.examples.forms import ExampleFilter
from app.examples.models import Example
from app.projects.models import Project
from tests.datasets.near.test_scan import BASE, EDITS, OTHERS, bring_in, said, unit
from tests.factories import Factory

NEAR = EDITS["one word"]
SECOND_STEP = "How do I change the address on their newest invoice?"  # near to NEAR, two words from BASE


@pytest.fixture
def user(factory: Factory) -> User:
    return factory.user()


@pytest.fixture
def project(factory: Factory, user: User) -> Project:
    return factory.project(user)


def example(session: Session, project: Project, prompt: str) -> Example:
    return session.query(Example).filter_by(project_id=project.id, fingerprint_unit=unit(prompt)).one()


def seal(session: Session, user: User, project: Project, prompt: str) -> None:
    new = NewTestSet(name=f"S {prompt}", example_ids=[example(session, project, prompt).id])
    made = service.draft(session, user, project, new)
    service.seal(session, user, project.id, made.test_set.id)
    session.commit()


def freeze(session: Session, user: User, project: Project) -> set[str]:
    session.query(Example).filter_by(project_id=project.id).update({"status": "approved"})
    version = versions.freeze(session, user, project, "V", ExampleFilter())
    session.commit()
    items = text("select fingerprint_unit from dataset_version_items where dataset_version_id = :v")
    return set(session.scalars(items, {"v": version.id}))


def sides(session: Session, project: Project) -> dict[str, str]:
    rows = session.execute(text("select unit, split from split_assignments where project_id = :p"), {"p": project.id})
    return dict(rows.all())


def test_sealing_takes_near_duplicates_along(session: Session, user: User, project: Project) -> None:
    bring_in(session, project, BASE, NEAR, SECOND_STEP, *OTHERS)
    seal(session, user, project, BASE)
    assert {u for u, side in sides(session, project).items() if side == "test"} == {
        unit(BASE), unit(NEAR), unit(SECOND_STEP),
    }  # fmt: skip
    assert example(session, project, SECOND_STEP).split == "test"
    assert freeze(session, user, project) == {unit(other) for other in OTHERS}


def test_what_comes_after_the_seal_is_held_out(session: Session, user: User, project: Project) -> None:
    bring_in(session, project, BASE, *OTHERS)
    seal(session, user, project, BASE)
    bring_in(session, project, *EDITS.values())
    assert freeze(session, user, project) == {unit(other) for other in OTHERS}
    assert {example(session, project, edited).split for edited in EDITS.values()} == {"test"}
    assert near.leaks(session, project.id) == []


def test_an_import_that_joins_both_sides_is_held_out_and_moves_nothing_else(
    session: Session, user: User, project: Project
) -> None:
    bring_in(session, project, BASE, SECOND_STEP, *OTHERS)
    near.scan(project.id)
    seal(session, user, project, BASE)
    assert sides(session, project)[unit(SECOND_STEP)] == "train"
    bring_in(session, project, NEAR)
    assert freeze(session, user, project) == {unit(SECOND_STEP), *(unit(other) for other in OTHERS)}
    assert example(session, project, NEAR).split == "test"


def test_what_is_near_to_something_trained_on_cannot_be_sealed(session: Session, user: User, project: Project) -> None:
    bring_in(session, project, BASE)
    assert freeze(session, user, project) == {unit(BASE)}
    bring_in(session, project, NEAR)
    with pytest.raises(Conflict, match="1 of 1 cases"):
        seal(session, user, project, NEAR)


def test_an_edit_towards_a_sealed_case_is_held_out(session: Session, user: User, project: Project) -> None:
    bring_in(session, project, BASE, OTHERS[0], OTHERS[1])
    seal(session, user, project, BASE)
    edited = examples.get(session, project.id, example(session, project, OTHERS[0]).id)
    example_service.revise(session, user, edited, edited.revision, messages=said(NEAR))
    session.commit()
    assert freeze(session, user, project) == {unit(OTHERS[1])}


def test_separated_ones_go_their_own_ways(session: Session, user: User, project: Project) -> None:
    bring_in(session, project, BASE, NEAR)
    near.scan(project.id)
    near.separate(session, user, project.id, unit(NEAR), unit(BASE))
    session.commit()
    assert near.pairs(session, project.id) == []
    seal(session, user, project, BASE)
    assert freeze(session, user, project) == {unit(NEAR)}


def test_after_the_seal_nothing_is_separated(session: Session, user: User, project: Project) -> None:
    bring_in(session, project, BASE, NEAR)
    seal(session, user, project, BASE)
    with pytest.raises(Conflict, match="held out"):
        near.separate(session, user, project.id, unit(BASE), unit(NEAR))


ITEM = (
    "with v as (insert into dataset_versions (id, project_id, number, name, filters, size, content_hash) select"
    " gen_random_uuid(), id, 9, 'x', '{{}}', 1, '' from projects returning *) "
    "insert into dataset_version_items (dataset_version_id, position, project_id, example_id, revision_id,"
    " fingerprint_unit, group_unit, split) select v.id, 1, v.project_id, r.example_id, r.id, r.fingerprint_unit,"
    " r.group_unit, 'train' from v, revisions r where r.fingerprint_unit = :{unit}"
)
REFUSED = {
    "an item near to a case": ITEM.format(unit="near"),
    "an item of the case's cluster": ITEM.format(unit="second"),
    "an item that was not compared": ITEM.format(unit="unscanned"),
    "move it back": "update split_assignments set split = 'train' where unit = :near",
    "move it back, alone": "update split_assignments set split = 'train', cluster = null where unit = :near",
    "take it out of the cluster": "update split_assignments set cluster = null where unit = :near",
    "put it in another cluster": "update split_assignments set cluster = unit where unit = :near",
    "forget where it stands": "delete from split_assignments where unit = :near",
    "move the cluster back": "update unit_clusters set split = 'train'",
    "rename the cluster": "update unit_clusters set first_unit = 'x'",
    "delete the cluster": "delete from unit_clusters",
    "delete the link": "delete from near_links",
    "empty the links": "truncate near_links",
    "rewrite the link": "update near_links set unit = 'a'",
    "make them less alike": "update near_links set similarity = 0",
    "say that they are no duplicates": "update near_links set separated_at = now() where :near in (unit, other)",
    "delete the signature": "delete from scanned_units",
    "rewrite the signature": "update scanned_units set bands = ''",
    "a link that is separated from the start, over the one that is there": (
        "insert into near_links (project_id, unit, other, similarity, separated_at) "
        "select project_id, unit, other, 0, now() from near_links"
    ),
    "switch the triggers off": "alter table dataset_version_items disable trigger all",
    "drop the key": "alter table split_assignments drop constraint fk_split_assignments_cluster",
    "replace what is checked": (
        "create or replace view near_sealed_cases as select project_id, unit from near_links where false"
    ),
    "play a replica": "set session_replication_role = replica",
}


def test_the_app_role_cannot(session: Session, user: User, project: Project) -> None:
    unscanned = "Something else entirely that nobody has asked for"
    bring_in(session, project, BASE, NEAR, SECOND_STEP, *OTHERS)
    seal(session, user, project, BASE)
    bring_in(session, project, unscanned)
    units = {"near": unit(NEAR), "second": unit(SECOND_STEP), "unscanned": unit(unscanned), "other": unit(OTHERS[0])}
    assert session.scalar(text("select current_user")) == db.APP_ROLE
    before, allowed = sides(session, project), []
    for attempt, sql in REFUSED.items():
        try:
            session.execute(text(sql), {name: value for name, value in units.items() if f":{name}" in sql})
            allowed.append(attempt)
        except DBAPIError:
            pass
        session.rollback()
    assert allowed == []
    assert sides(session, project) == before
    session.execute(text(ITEM.format(unit="other")), {"other": units["other"]})  # the statement itself is sound


def test_moving_one_unit_by_hand_moves_its_cluster(session: Session, user: User, project: Project) -> None:
    bring_in(session, project, BASE, NEAR, SECOND_STEP, *OTHERS)
    near.scan(project.id)
    session.execute(text("update split_assignments set split = 'test' where unit = :u"), {"u": unit(NEAR)})
    session.commit()
    assert {u for u, side in sides(session, project).items() if side == "test"} == {
        unit(BASE), unit(NEAR), unit(SECOND_STEP),
    }  # fmt: skip
    assert example(session, project, SECOND_STEP).split == "test"


def test_a_link_by_hand_to_a_sealed_case_holds_the_other_out(session: Session, user: User, project: Project) -> None:
    bring_in(session, project, BASE, *OTHERS)
    seal(session, user, project, BASE)
    session.execute(
        text(
            "insert into near_links (project_id, unit, other, similarity) "
            "select :p, least(:a, :b), greatest(:a, :b), 0.9"
        ),
        {"p": project.id, "a": unit(BASE), "b": unit(OTHERS[0])},
    )
    session.commit()
    assert sides(session, project)[unit(OTHERS[0])] == "test"


def test_a_set_is_not_sealed_by_hand_before_its_cases_were_compared(
    session: Session, user: User, project: Project
) -> None:
    bring_in(session, project, BASE)
    new = NewTestSet(name="S", example_ids=[example(session, project, BASE).id])
    service.draft(session, user, project, new)
    session.execute(text("update split_assignments set split = 'test'"))
    session.execute(text("update test_cases set split = 'test'"))
    with pytest.raises(DBAPIError, match="not compared"):
        session.execute(text("update test_sets set sealed_at = now(), content_hash = 'x'"))
