"""When several opinions are one decision. Plain values in, plain values out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

STATUS_OF = {"approve": "approved", "reject": "rejected", "needs_work": "needs_work"}
FIELDS = ("messages", "tags", "behavior", "label")


@dataclass(frozen=True)
class Opinion:
    """A verdict and what it would change: of ``FIELDS`` those that differ from the revision that was judged."""

    verdict: str
    proposal: Mapping[str, Any] = field(default_factory=dict)

    def of(self, name: str) -> Any:
        """What it proposes for a field, comparable; None: leave it. The order of tags does not matter."""
        value = self.proposal.get(name)
        return sorted(value) if name == "tags" and value is not None else value


def agreed(opinions: Sequence[Opinion]) -> dict[str, Any] | None:
    """What all would change alike, if they agree; None if somebody has to settle.

    They agree when the verdicts are the same and, where they approve, so is the content that would be approved. What
    is rejected or sent back is not trained on, so edits may differ there; those that all made alike are kept.
    """
    if not opinions or len({one.verdict for one in opinions}) > 1:
        return None
    alike = {name: _first(opinions, name) for name in FIELDS if _same(opinions, name)}
    if opinions[0].verdict == "approve" and len(alike) < len(FIELDS):
        return None
    return {name: value for name, value in alike.items() if value is not None}


def differing(opinions: Sequence[Opinion]) -> list[str]:
    """What they do not agree on: ``verdict`` and names of ``FIELDS``."""
    verdict = ["verdict"] if len({one.verdict for one in opinions}) > 1 else []
    return verdict + [name for name in FIELDS if not _same(opinions, name)]


def _same(opinions: Sequence[Opinion], name: str) -> bool:
    return all(one.of(name) == opinions[0].of(name) for one in opinions)


def _first(opinions: Sequence[Opinion], name: str) -> Any:
    return opinions[0].proposal.get(name)


def clamped(given: float | None, lasted: float | None) -> float | None:
    """Seconds of work as recorded: what the browser counted, and never more than the example was in hand."""
    return given if given is None or lasted is None else min(given, max(lasted, 0.0))
