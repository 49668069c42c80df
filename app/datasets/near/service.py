"""Verbs of near-duplicates: scan what is new, bring a project up to date, take a pair apart, say what leaks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.accounts.models import User
from app.core.db import transaction
from app.core.errors import Conflict, NotFound
from app.datasets.near import link_queries, queries
from app.datasets.near.link_queries import Leak, NearPair
from app.datasets.near.queries import FIRST, NEW_CASES, NEW_EXAMPLES, NearCase
from app.datasets.near.regrouping import regroup
from app.examples.queries import lock_splits
from app.jobs.queue import enqueue

CHUNK = 10_000  # examples in one transaction of a scan
if TYPE_CHECKING:
    from app.datasets.near.bytes_check import SealedCases
    from app.datasets.near.rules import Prompt

AT_ONCE = 5_000  # new prompts that a seal or a freeze compares itself; more are left to the job

__all__ = [
    "AT_ONCE",
    "Leak",
    "NearCase",
    "NearPair",
    "bring_up_to_date",
    "leaks",
    "neighbours",
    "pairs",
    "rejoin",
    "scan",
    "sealed_cases",
    "separate",
    "start",
    "unscanned",
]


@dataclass(frozen=True)
class _Step:
    query: str
    after: str


def unscanned(session: Session, project_id: str) -> int:
    """How many prompts of living examples and of cases were not compared with the others yet."""
    return queries.unscanned(session, project_id)


def start(session: Session, project_id: str) -> None:
    """Queue a scan, in the transaction of what makes it needed."""
    enqueue(session, "datasets.scan_near", key=f"near:{project_id}", project_id=project_id)


def scan(project_id: str, stopping: Callable[[], bool] = lambda: False) -> int:
    """Compare everything that is new, a chunk in a transaction, until nothing is left or ``stopping`` says so.

    May be called again any time: what is done is not done again. Answers how many prompts were compared.
    """
    done = 0
    step: _Step | None = _Step(NEW_EXAMPLES, FIRST)
    kept: dict[int, Prompt] = {}
    while step is not None and not stopping():
        with transaction() as session:
            lock_splits(session, project_id)
            count, step = _chunk(session, project_id, step, CHUNK, kept)
            done += count
    return done


def _chunk(
    session: Session, project_id: str, step: _Step, limit: int, kept: "dict[int, Prompt] | None" = None
) -> tuple[int, _Step | None]:
    """Examples in the order in which they came, then test cases."""
    from app.datasets.near.scanning import scan_sources  # numpy and the like: only where there is work for them

    sources = queries.new_sources(session, step.query, project_id, step.after, limit)
    count = scan_sources(session, project_id, sources, kept)
    if len(sources) == limit:
        return count, _Step(step.query, sources[-1].id)
    return count, _Step(NEW_CASES, FIRST) if step.query == NEW_EXAMPLES else None


def bring_up_to_date(session: Session, project_id: str) -> None:
    """Compare what is new in the session's transaction. Takes the project's lock.

    Raises Conflict where that would take long; the scan is then queued by whoever brought so many in.
    """
    lock_splits(session, project_id)
    missing = unscanned(session, project_id)
    if missing > AT_ONCE:
        raise Conflict(
            f"{missing:,} prompts have not been compared with the others yet, so near-duplicates of test cases would "
            "be overlooked. The scan is under way: try again in a minute."
        )
    step: _Step | None = _Step(NEW_EXAMPLES, FIRST) if missing else None
    while step is not None:
        _count, step = _chunk(session, project_id, step, CHUNK)


def pairs(session: Session, project_id: str, units: Sequence[str] | None = None) -> list[NearPair]:
    """What is linked now, the most alike first; with ``units`` only the pairs that have one of them."""
    return link_queries.pairs(session, project_id, units)


def separate(session: Session, user: User, project_id: str, unit: str, other: str) -> None:
    """Say that two prompts are no duplicates of each other. Raises Conflict once one of them is held out."""
    lock_splits(session, project_id)
    link = link_queries.find(session, project_id, unit, other)
    if link is None:
        raise NotFound("This pair")
    if link_queries.held_out(session, project_id, (unit, other)):
        raise Conflict("One of the two is held out for testing: what is near to it stays out of training.")
    if not link_queries.mark_separated(session, link, user.id):
        return
    regroup(session, project_id, (unit, other))
    record(session, "separate", "near_link", unit, actor_id=user.id, project_id=project_id, other=other)


def rejoin(session: Session, user: User, project_id: str, unit: str, other: str) -> None:
    """Take ``separate`` back. Raises Conflict once one of the two is held out: it may stand alone by now."""
    lock_splits(session, project_id)
    link = link_queries.find(session, project_id, unit, other)
    if link is None:
        raise NotFound("This pair")
    if link_queries.held_out(session, project_id, (unit, other)):
        raise Conflict("One of the two is held out for testing: they stay apart.")
    if not link_queries.unmark_separated(session, link):
        return
    regroup(session, project_id, (unit, other))
    record(session, "rejoin", "near_link", unit, actor_id=user.id, project_id=project_id, other=other)


def leaks(session: Session, project_id: str) -> list[Leak]:
    """Training examples and items of frozen versions that ask what a test case asks, exactly or nearly."""
    return link_queries.leaks(session, project_id)


def sealed_cases(session: Session, project_id: str) -> "SealedCases":
    """What the exact bytes of a version are held against, before they are uploaded."""
    from app.datasets.near.bytes_check import SealedCases

    return SealedCases(session, project_id)


def neighbours(session: Session, project_id: str, units: Sequence[str]) -> dict[str, set[str]]:
    """What is linked with each of the units."""
    wanted = set(units)
    found: dict[str, set[str]] = {}
    for pair in link_queries.pairs(session, project_id, units):
        for one, other in ((pair.unit, pair.other), (pair.other, pair.unit)):
            if one in wanted:
                found.setdefault(one, set()).add(other)
    return found
