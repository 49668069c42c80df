"""Grades outputs while others are still asked for: a run ends soon after its last answer.

What came back is graded out of the worker's memory, in a thread: neither the outputs nor their cases are read again.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import bindparam, select, text

from app.core.db import transaction
from app.core.freezing import limit_this
from app.evals import graded
from app.evals.graders import GraderSpec, parse_spec
from app.evals.models import EvalRun
from app.evals.runner.asking import Case
from app.evals.runner.errors import LeaseLost

log = logging.getLogger(__name__)
EVERY_SECONDS = 0.25
AT_ONCE = 500
MOST_WAITING = 5_000  # outputs in memory; where graders are slower than the model, the end of the run does the rest
# Looked at and not locked: whoever took the run over grades the same outputs alike
HELD = select(EvalRun.lease == bindparam("lease")).where(EvalRun.id == bindparam("run"))
# A crash of the database may lose grades that it had taken: the end of the run makes them again
SOON = text("set local synchronous_commit = off")
Came = tuple[dict[str, Any], Case]  # an output's row, as it was stored, and its case


class Along:
    """``searches``: what was retrieved for the cases is read beside them."""

    def __init__(self, run_id: str, lease: int, searches: bool) -> None:
        self.run_id, self.lease, self.searches = run_id, lease, searches
        self.specs: Sequence[GraderSpec] = ()
        self._waiting: list[Came] = []
        self._ended = asyncio.Event()

    def came(self, came: Sequence[Came]) -> None:
        """These outputs are stored."""
        if self.specs and len(self._waiting) < MOST_WAITING:
            self._waiting += came

    def end(self) -> None:
        self._ended.set()

    async def grade_until_ended(self) -> None:
        try:
            while not self._ended.is_set():
                batch, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
                if batch:
                    await asyncio.to_thread(self._grade, batch)
                if len(self._waiting) < AT_ONCE:
                    await self._pause()
        except LeaseLost:
            return  # the dispatcher hears of it too
        except Exception:
            # The end of the run meets the same error, in the same transaction as its state, and says it there
            log.exception("outputs of run %s could not be graded as they came", self.run_id)

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._ended.wait(), EVERY_SECONDS)
        except TimeoutError:
            return

    def _grade(self, batch: Sequence[Came]) -> None:
        with transaction() as session:
            if not session.scalar(HELD, {"run": self.run_id, "lease": self.lease}):
                raise LeaseLost(self.run_id)
            session.execute(SOON)
            limit_this(session, whole=120.0)
            graded.grade_stored(session, self.run_id, self.specs, batch, self.searches)


@asynccontextmanager
async def grading_along(run_id: str, lease: int, searches: bool) -> AsyncIterator[Along]:
    """While this is open, what comes back is graded. What is not done by the end is left to the end of the run."""
    along = Along(run_id, lease, searches)
    along.specs = await asyncio.to_thread(_specs, run_id)
    task = asyncio.create_task(along.grade_until_ended())
    try:
        yield along
    finally:
        along.end()
        await task


def _specs(run_id: str) -> list[GraderSpec]:
    """The graders that need no judge. None where the run was scored before: it is graded anew as a whole."""
    with transaction() as session:
        run = session.get_one(EvalRun, run_id)
        specs = [] if run.manifest is not None else [parse_spec(raw) for raw in run.graders]
        return [spec for spec in specs if not spec.definition.asks]
