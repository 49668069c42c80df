"""When a training run validates, saves a checkpoint and shows samples."""

import math
from dataclasses import dataclass

#: The longest way between two checkpoints, in steps: about what a crash may cost.
_LONGEST = 500


@dataclass(frozen=True)
class Cadence:
    """Every epoch, but at least four times a run and every 500 steps; and at the end, which takes the place of what
    would be due shortly before it."""

    every: int
    total: int

    @classmethod
    def of(cls, rows: int, batch: int, epochs: int) -> "Cadence":
        epoch = math.ceil(rows / batch)
        return cls(max(1, min(epoch, epoch * epochs // 4, _LONGEST)), epoch * epochs)

    def is_due(self, step: int) -> bool:
        return step == self.total or (step % self.every == 0 and self.total - step >= self.every / 2)
