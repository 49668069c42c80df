"""Grades outputs while others are still asked for: a run ends soon after its last answer."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import bindparam, select, text

from app.core.db import transaction
from app.evals import graded
from app.evals.graders import GraderSpec, parse_spec
from app.evals.models import EvalRun
from app.evals.runner.errors import LeaseLost

log = logging.getLogger(__name__)
EVERY_SECONDS = 0.5
AT_ONCE = 500
# Looked at and not locked: whoever took the run over grades the same outputs alike
HELD = select(EvalRun.lease == bindparam("lease")).where(EvalRun.id == bindparam("run"))


@asynccontextmanager
async def grading_along(run_id: str, lease: int) -> AsyncIterator[None]:
    """While this is open, what came back is graded. What is not done by the end is left to the end of the run."""
    ended = asyncio.Event()
    task = asyncio.create_task(_until(ended, run_id, lease))
    try:
        yield
    finally:
        ended.set()
        await task


async def _until(ended: asyncio.Event, run_id: str, lease: int) -> None:
    try:
        specs = await asyncio.to_thread(_specs, run_id)
        last: str | None = None
        while specs and not ended.is_set():
            before = last
            last = await asyncio.to_thread(_grade, run_id, lease, specs, last)
            if last == before:
                await _pause(ended)
    except LeaseLost:
        return  # the dispatcher hears of it too
    except Exception:
        # The end of the run meets the same error, in the same transaction as its state, and says it there
        log.exception("outputs of run %s could not be graded as they came", run_id)


async def _pause(ended: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(ended.wait(), EVERY_SECONDS)
    except TimeoutError:
        return


def _specs(run_id: str) -> list[GraderSpec]:
    """The graders that need no judge. None where the run was scored before: it is graded anew as a whole."""
    with transaction() as session:
        run = session.get_one(EvalRun, run_id)
        specs = [] if run.manifest is not None else [parse_spec(raw) for raw in run.graders]
        return [spec for spec in specs if not spec.definition.asks]


def _grade(run_id: str, lease: int, specs: list[GraderSpec], after: str | None) -> str | None:
    with transaction() as session:
        if not session.scalar(HELD, {"run": run_id, "lease": lease}):
            raise LeaseLost(run_id)
        session.execute(text("set local idle_in_transaction_session_timeout = '60s'"))
        return graded.grade_after(session, run_id, specs, after, AT_ONCE)
