"""Handing out: one person at a time, the skipped last, and nothing lost to a race."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
import pytest
from sqlalchemy import text

from app.annotation import reservation_queries as places
from app.annotation import service
from app.annotation import taking_queries as taking
from app.annotation.forms import NewAnnotation
from app.annotation.progress_queries import tally
from app.annotation.reservation_queries import IN_HAND
from app.annotation.waiting_queries import free
from app.core.db import transaction
from app.core.errors import Conflict
from app.core.statements import DIALECT
from app.examples import queries as examples
from app.examples.forms import ExampleFilter
from app.projects.access import Access
from app.projects.models import Project
from tests.annotation.factories import access_of, add_examples
from tests.factories import Factory

LATER = text("update reservations set expires_at = clock_timestamp() - interval '1 second'")


@pytest.fixture
def project(factory: Factory) -> Project:
    return factory.project()


@pytest.fixture
def ana(factory: Factory, project: Project) -> Access:
    return access_of(factory, project)


@pytest.fixture
def ben(factory: Factory, project: Project) -> Access:
    return access_of(factory, project)


@pytest.fixture
def threads_that_take_turns_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("threads_that_take_turns_often")
def test_threads_that_ask_first_at_the_same_moment(factory: Factory, project: Project) -> None:
    people = [access_of(factory, project) for _ in range(8)]
    add_examples(factory, project, 60)
    together = Barrier(len(people))

    def ask(access: Access, places: range) -> str | None:
        with transaction() as session:
            session.connection()
            together.wait(30)
            wanted = (session, project.id, access.user.id, service.queue_filter(), "todo", places, IN_HAND)
            found, _taken = taking.take_next(*wanted)
        return found

    with ThreadPoolExecutor(len(people)) as pool:
        for many in range(2, 12):  # a statement that nobody has asked yet, each time
            assert all(pool.map(ask, people, [range(1, many)] * len(people)))


def test_threads_never_get_the_same_example(factory: Factory, project: Project) -> None:
    people = [access_of(factory, project) for _ in range(8)]
    add_examples(factory, project, 40)

    def work(access: Access) -> list[str]:
        mine = []
        while True:
            with transaction() as session:
                held = service.next_item(session, access)
                if held is None:
                    return mine
                example = examples.get(session, project.id, held.example_id)
                new = NewAnnotation(revision=example.revision, verdict="approve")
                service.annotate(session, access, example, new, reservation_id=held.id)
                mine.append(held.example_id)

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(work, people))
    flat = [example for mine in done for example in mine]
    assert len(flat) == len(set(flat)) == 40


def test_at_one_moment_each_holds_another(factory: Factory, project: Project) -> None:
    """As many examples as people: nobody goes away empty-handed, nobody shares."""
    people = [access_of(factory, project) for _ in range(8)]
    for turn in range(5):
        add_examples(factory, project, 8, first=turn * 8)
        barrier = Barrier(8)

        def take(access: Access, barrier: Barrier = barrier) -> str | None:
            with transaction() as session:
                barrier.wait()
                held = service.next_item(session, access)
                return held.example_id if held else None

        with ThreadPoolExecutor(8) as pool:
            taken = list(pool.map(take, people))
        assert len(set(taken)) == 8
        assert None not in taken
        factory.session.execute(text("update examples set status = 'approved'"))
        factory.session.execute(text("delete from reservations"))
        factory.session.commit()


def test_the_same_person_keeps_their_example(factory: Factory, project: Project, ana: Access, ben: Access) -> None:
    add_examples(factory, project, 1)
    session = factory.session
    held = service.next_item(session, ana)
    again = service.next_item(session, ana)
    assert held
    assert again
    assert again.id == held.id
    assert service.next_item(session, ben) is None


def test_an_expired_reservation_is_taken_over(factory: Factory, project: Project, ana: Access, ben: Access) -> None:
    add_examples(factory, project, 1)
    session = factory.session
    held = service.next_item(session, ana)
    assert held
    session.execute(LATER)
    taken = service.next_item(session, ben)
    assert taken
    assert taken.user_id == ben.user.id
    example = examples.get(session, project.id, taken.example_id)
    with pytest.raises(Conflict, match="Somebody else has this example now"):
        service.annotate(session, ana, example, NewAnnotation(revision=1, verdict="approve"), reservation_id=held.id)


def test_an_expired_one_that_nobody_took_still_counts(factory: Factory, project: Project, ana: Access) -> None:
    add_examples(factory, project, 1)
    session = factory.session
    held = service.next_item(session, ana)
    assert held
    session.execute(LATER)
    example = examples.get(session, project.id, held.example_id)
    new = NewAnnotation(revision=1, verdict="reject")
    assert service.annotate(session, ana, example, new, reservation_id=held.id).verdict == "reject"


def test_a_sign_of_life_renews_by_the_clock_of_the_database(factory: Factory, project: Project, ana: Access) -> None:
    add_examples(factory, project, 1)
    session = factory.session
    held = service.next_item(session, ana)
    assert held
    session.execute(text("update reservations set expires_at = clock_timestamp() + interval '1 second'"))
    places.keep(session, held)
    left = session.scalar(text("select extract(epoch from expires_at - clock_timestamp()) from reservations"))
    assert 880 < left <= 900


def test_skipped_ones_come_back_last_and_to_others_at_once(
    factory: Factory, project: Project, ana: Access, ben: Access
) -> None:
    first, second, third = add_examples(factory, project, 3)
    session = factory.session
    seen = []
    for _ in range(5):
        held = service.next_item(session, ana)
        assert held
        seen.append(held.example_id)
        service.skip(session, ana, held)
    assert seen == [first, second, third, first, second]
    assert tally(session, project.id, ana.user.id, service.queue_filter(), 1).skipped == 3
    held = service.next_item(session, ben)
    assert held
    assert held.example_id == first


def test_a_queue_holds_what_its_filter_says(factory: Factory, project: Project, ana: Access) -> None:
    first, second, third = add_examples(factory, project, 3)
    session = factory.session
    session.execute(text("update examples set split = 'test' where id = :id"), {"id": first})
    session.execute(text("update examples set status = 'approved', tags = '{x}' where id = :id"), {"id": second})
    expected = (
        (ExampleFilter(), third),
        (ExampleFilter(status="approved"), second),
        (ExampleFilter(split="test"), first),
        (ExampleFilter(status="approved", tag="y"), None),
    )
    for wanted, example_id in expected:
        held = service.next_item(session, ana, wanted)
        assert (held.example_id if held else None) == example_id


def test_the_tally_is_of_this_sitting(factory: Factory, project: Project, ana: Access) -> None:
    ids = add_examples(factory, project, 4)
    session = factory.session
    for example_id, seconds in zip(ids, (10, 20, 60), strict=False):
        example = examples.get(session, project.id, example_id)
        service.annotate(session, ana, example, NewAnnotation(revision=1, verdict="approve", seconds=seconds))
    session.execute(text("update annotations set created_at = now() - interval '2 days' where seconds = 60"))
    found = tally(session, project.id, ana.user.id, service.queue_filter(), 1)
    assert (found.done, found.left, found.skipped, found.seconds) == (2, 1, 0, 15)


def test_what_was_decided_is_not_walked_past(
    factory: Factory, project: Project, ana: Access, database_url: str
) -> None:
    """Each hand-out begins at the oldest that waits: only the index by status and id gives its order. Ids alone, from
    the oldest of all, must not."""
    add_examples(factory, project, 3)
    compiled = free(service.queue_filter(), "todo", 1, False, False).compile(dialect=DIALECT)
    values = compiled.params | {"project": project.id, "user": ana.user.id}
    factory.session.commit()
    with psycopg.connect(database_url) as owner:

        def plan() -> str:
            return "\n".join(row[0] for row in owner.execute(f"explain {compiled}".encode(), values))

        owner.execute("set enable_seqscan = off")
        assert "Index Scan using ix_examples_project_id_status_id on examples" in plan()
        assert "Sort" not in plan()
        owner.execute("drop index ix_examples_project_id_status_id")
        assert "Sort" in plan()
        owner.rollback()
