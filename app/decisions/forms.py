"""What a team sets and signs."""

from typing import Literal

from pydantic import Field, model_validator

from app.comparisons.costs import DEFAULT_VOLUME
from app.comparisons.forms import Wanted
from app.decisions.gates import Gate
from app.web.forms import StrictModel


class NewGates(StrictModel):
    """One gate a metric at most. ``based_on``: number of the version that was edited (0: there was none); a stale one
    is refused. ``volume``: tasks over which the fixed cost of a fine-tune is spread."""

    gates: list[Gate] = Field(max_length=30)
    volume: int = Field(DEFAULT_VOLUME, ge=1, le=1_000_000_000)
    note: str = Field("", max_length=2000)
    based_on: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _one_each(self) -> "NewGates":
        metrics = [gate.metric for gate in self.gates]
        doubled = next((metric for metric in metrics if metrics.count(metric) > 1), None)
        if doubled:
            raise ValueError(f"Two gates are about {doubled}: keep the stricter one.")
        if not self.gates:
            raise ValueError("Set at least one gate: without any there is nothing to pass.")
        return self


class NewSignOff(Wanted):
    """``evidence_hash``: of the verdict that was read; it must still be the same. A decision against the verdict needs
    a reason in ``note``."""

    decision: Literal["ship", "dont_ship", "not_enough_evidence"]
    evidence_hash: str = Field(max_length=64)
    note: str = Field("", max_length=2000)
