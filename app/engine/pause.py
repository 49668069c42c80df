"""How the engine asks a training process to pause: SIGUSR1 or, where it runs elsewhere, a file in the job's folder.
Answered between two steps."""

import signal
from pathlib import Path
from types import FrameType

#: The exit status of a training process that paused.
PAUSED = 75
PAUSE_FILE = "pause"


class PauseFlag:
    """Read between training steps."""

    def __init__(self, folder: Path) -> None:
        self._signalled, self._file = False, folder / PAUSE_FILE
        signal.signal(signal.SIGUSR1, self._set)

    @property
    def requested(self) -> bool:
        return self._signalled or self._file.exists()

    def _set(self, number: int, frame: FrameType | None) -> None:
        self._signalled = True
