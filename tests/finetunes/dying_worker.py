"""A worker that is killed with -9 at a chosen point: ``python -m tests.finetunes.dying_worker POINT FINE_TUNE_ID``."""

import asyncio
import os
import signal
import sys
from typing import Any

import app.models  # noqa: F401 (every table)
from app.finetunes import launching, runner, steps, watching
from app.finetunes.provider import TuningApi

# point: (where the function lives, its name, whether it is still done)
POINTS: dict[str, tuple[Any, str, bool]] = {
    "before the upload": (TuningApi, "upload", False),
    "after the upload": (TuningApi, "upload", True),
    "file id stored": (steps, "store_file_id", True),
    "before the upload of validation": (TuningApi, "upload", False),
    "after the upload of validation": (TuningApi, "upload", True),
    "file id of validation stored": (steps, "store_file_id", True),
    "call planned": (steps, "next_call", True),
    "call marked as sent": (steps, "mark_sent", True),
    "before the create": (TuningApi, "create", False),
    "after the create": (TuningApi, "create", True),
    "job id stored": (steps, "adopt", True),
    "while it trains": (watching, "store", True),
}


def die_at(point: str) -> None:
    place, name, is_done = POINTS[point]
    original = getattr(place, name)

    def survives(args: tuple[Any, ...]) -> bool:
        """The upload of the training file, where that of validation is the point."""
        return "validation" in point and not any("validation" in str(arg) for arg in args)

    async def dying_async(*args: Any) -> Any:
        lives = survives(args)
        answer = await original(*args) if lives or is_done else None
        if not lives:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    def dying(*args: Any) -> None:
        original(*args)
        if not survives(args):
            os.kill(os.getpid(), signal.SIGKILL)

    setattr(place, name, dying_async if asyncio.iscoroutinefunction(original) else dying)


if __name__ == "__main__":
    launching.PAUSE = watching.POLL_SECONDS = 0.02
    if sys.argv[1] in POINTS:
        die_at(sys.argv[1])
    asyncio.run(runner.advance(sys.argv[2], 30.0))
