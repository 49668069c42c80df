"""How the engine asks a training process to pause: SIGUSR1, answered between two steps."""

import signal
from types import FrameType

#: The exit status of a training process that paused.
PAUSED = 75


class PauseFlag:
    """Set by SIGUSR1; read between training steps."""

    def __init__(self) -> None:
        self.requested = False
        signal.signal(signal.SIGUSR1, self._set)

    def _set(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
