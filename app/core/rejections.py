"""Lines of a file that were not taken, with the reasons."""

from dataclasses import dataclass, field

KEPT = 100


@dataclass
class Rejections:
    """``rejected``: (line, reason), the first hundred; ``rejected_count``: all of them."""

    rejected: list[tuple[int, str]] = field(default_factory=list)
    rejected_count: int = 0

    def reject(self, line: int, reason: str) -> None:
        self.rejected_count += 1
        if len(self.rejected) < KEPT:
            self.rejected.append((line, reason))
