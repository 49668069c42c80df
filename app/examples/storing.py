"""Storing the batches of a file, of a long one two at once: storing is the database's work, and one connection's work
keeps one of its processors busy.

Each batch has a transaction of its own, and they end in the order of the file: whoever receives a batch commits it
before asking for the next. The two of one import share the project's lock, and the later one is told what the earlier
one brings, which it cannot see yet. All else that adds examples still excludes them; another import of the project
makes both go one by one, since neither could be told of the other's batches.
"""

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.db import session_factory
from app.examples import batches, import_queries
from app.examples.copy_lines import Origin
from app.examples.queries import lock_splits, share_splits
from app.examples.reading import Batch

# A crash may take the last batches back, and with them how far the import had come; its end is waited for. Nobody
# should ever keep a batch from a lock for long: that would be an error of ours, and the import is tried again.
LIMITS = text("set local synchronous_commit to off; set local lock_timeout to '60s'")


@dataclass(frozen=True)
class Pending:
    """A batch on its way into the database, in a transaction that is still open."""

    session: Session
    batch: Batch
    stored: Future[batches.Stored]


def storing(origin: Origin, given: Iterator[Batch], at_once: int) -> Generator[Pending]:
    """Every batch in its order; what is not committed when the next one is asked for is taken back."""
    waiting: deque[Pending] = deque()
    with ThreadPoolExecutor(at_once, "store") as pool:
        try:
            for batch in given:
                while len(waiting) >= at_once:
                    yield from _handed(waiting)
                begun = _begin(pool, origin, batch, at_once, waiting)
                while begun is None and waiting:
                    yield from _handed(waiting)
                begun = begun or _begin(pool, origin, batch, at_once, waiting)
                if begun is not None:
                    waiting.append(begun)
            while waiting:
                yield from _handed(waiting)
        finally:
            for one in waiting:
                _end(one)


def _handed(waiting: deque[Pending]) -> Iterator[Pending]:
    try:
        yield waiting[0]
    finally:
        _end(waiting.popleft())


def _end(one: Pending) -> None:
    one.stored.cancel()
    if not one.stored.cancelled():
        one.stored.exception()  # until then the session is another thread's
    one.session.close()


def _begin(
    pool: ThreadPoolExecutor, origin: Origin, batch: Batch, at_once: int, before: deque[Pending]
) -> Pending | None:
    """None: those before it must be committed first."""
    session = session_factory()()
    try:
        session.execute(LIMITS)
        if not _locked(session, origin, at_once, wait=not before):
            session.close()
            return None
        beside = [one for earlier in before for one in earlier.batch.written]
        stored = pool.submit(batches.store_written, session, origin, batch.written, beside)
    except BaseException:
        session.close()
        raise
    return Pending(session, batch, stored)


def _locked(session: Session, origin: Origin, at_once: int, *, wait: bool) -> bool:
    """Take the project's lock. One that waited while a batch before it is not committed would wait for ever: whoever
    stands between the two waits for that batch. An import says that it runs before it looks for others, and so of two
    that begin together at least one sees the other."""
    if at_once > 1 and not import_queries.another_runs(session, origin):
        return share_splits(session, origin.project_id, wait=wait)
    if wait:
        lock_splits(session, origin.project_id)
    return wait
