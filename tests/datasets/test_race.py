"""Sealing and freezing at the same moment, many times: never a prompt on both sides."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.core.db import transaction
from app.core.errors import Conflict, Invalid
from app.datasets import service, versions
from app.datasets.forms import NewTestSet
from app.datasets.near import service as near
from app.examples.forms import ExampleFilter
from app.projects.models import Project
from tests.datasets.factories import add_example
from tests.factories import Factory

OVERLAP = text("""
select count(*) from test_cases c join test_sets s on s.id = c.test_set_id and s.sealed_at is not null
join dataset_version_items i on i.project_id = c.project_id
  and (i.fingerprint_unit in (c.fingerprint_unit, c.group_unit) or i.group_unit in (c.fingerprint_unit, c.group_unit))
""")


def seal(user: User, project: Project, set_id: str) -> None:
    with transaction() as session:
        service.seal(session, user, project.id, set_id)


def freeze(user: User, project: Project, tag: str) -> None:
    with transaction() as session:
        versions.freeze(session, user, project, "v", ExampleFilter(tag=tag))


@pytest.mark.parametrize("guarded", [True, False], ids=["services", "constraints alone"])
def test_seal_against_freeze(
    session: Session, factory: Factory, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    if not guarded:  # without the lock that makes them take turns, keys and triggers must do
        monkeypatch.setattr(near, "lock_splits", lambda *_: None)
    user = factory.user()
    project = factory.project(user)
    allowed = (Conflict, Invalid) if guarded else (Conflict, Invalid, DBAPIError)
    ends, outcomes = time.monotonic() + 4.0, {"seal": 0, "freeze": 0}
    with ThreadPoolExecutor(4) as pool:
        for turn in range(40):
            if time.monotonic() > ends:
                break
            jobs = _jobs(session, user, project, str(turn))
            attempt = partial(_attempt, Barrier(len(jobs)), allowed)
            for (name, _job), done in zip(jobs, pool.map(attempt, jobs), strict=True):
                outcomes[name] += done
            assert session.scalar(OVERLAP) == 0
            session.commit()
    assert outcomes["seal"] + outcomes["freeze"] > 5
    assert session.scalar(text("select count(*) from test_cases where split = 'test'")) or outcomes["seal"] == 0


def _jobs(session: Session, user: User, project: Project, turn: str) -> list[tuple[str, Callable[[], None]]]:
    """Two seals of different members of one group against two freezes of the whole group."""
    members = [add_example(session, project, f"{turn}.{n}", group=turn, tags=[turn]) for n in range(3)]
    sets = [
        service.draft(session, user, project, NewTestSet(name=f"{turn}.{n}", example_ids=[members[n].id])).test_set.id
        for n in range(2)
    ]
    session.commit()
    return [
        ("seal", lambda: seal(user, project, sets[0])),
        ("freeze", lambda: freeze(user, project, turn)),
        ("seal", lambda: seal(user, project, sets[1])),
        ("freeze", lambda: freeze(user, project, turn)),
    ]


def _attempt(barrier: Barrier, allowed: tuple[type[Exception], ...], job: tuple[str, Callable[[], None]]) -> bool:
    barrier.wait()
    try:
        job[1]()
    except allowed:
        return False
    return True
