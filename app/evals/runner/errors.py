"""Why a worker leaves a run alone."""

from app.core.errors import HoldoutError


class LeaseLost(Exception):
    """Another worker has taken the run over: stop at once and write nothing."""


class StillHeld(Exception):
    """Another worker works on the run: this job comes back later."""


class ShuttingDown(Exception):
    """The worker was told to stop: the run is released, and the next worker goes on with it."""


class CannotStart(HoldoutError):
    """The run cannot ask its provider; the message says what to do."""
