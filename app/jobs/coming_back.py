"""Why a worker leaves a piece of paid work alone, and when its job comes back to it."""

import asyncio

import psycopg
from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.jobs import Job
from psycopg.errors import IdleInTransactionSessionTimeout
from sqlalchemy.exc import OperationalError


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
        if isinstance(exception, OperationalError | psycopg.OperationalError | IdleInTransactionSessionTimeout):
            return RetryDecision(retry_in={"seconds": 3})
        return None
