"""Why a worker leaves a run alone."""

from app.core.errors import HoldoutError
from app.jobs.coming_back import LeaseLost, ShuttingDown, StillHeld

__all__ = ["CannotStart", "LeaseLost", "ShuttingDown", "StillHeld"]


class CannotStart(HoldoutError):
    """The run cannot ask its provider; the message says what to do."""
