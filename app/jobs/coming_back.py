"""Why a worker leaves a piece of paid work alone, and when its job comes back to it."""

import asyncio

import psycopg
from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.jobs import Job
from psycopg.errors import IdleInTransactionSessionTimeout, TransactionTimeout
from sqlalchemy.exc import OperationalError

#: The database was away, or ended the session of a worker that froze: the work goes on later.
DATABASE_TROUBLE = (OperationalError, psycopg.OperationalError, IdleInTransactionSessionTimeout, TransactionTimeout)


class LeaseLost(Exception):
    """Another worker has taken the work over: stop at once and write nothing."""


class StillHeld(Exception):
    """Another worker is at it: this job comes back later."""


class ShuttingDown(Exception):
    """The worker was told to stop: the work is released, and the next worker goes on with it."""


class ComeBack(BaseRetryStrategy):
    """Work goes on after a shutdown at once, and after trouble with the database or another worker in a while."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, asyncio.CancelledError | ShuttingDown):
            return RetryDecision()
        if isinstance(exception, StillHeld):
            return RetryDecision(retry_in={"seconds": 5})
        if isinstance(exception, DATABASE_TROUBLE):
            return RetryDecision(retry_in={"seconds": 3})
        return None
