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


class Planned(StrictModel):
    """The question of the power planner, in shares. ``discordance``: share of cases on which the two would differ; left
    out, as many as if their failures had nothing to do with each other."""

    rate: float = Field(0.6, gt=0, lt=1)
    difference: float = Field(0.05, gt=0, lt=1)
    discordance: float | None = Field(None, gt=0, le=1)
    win_rate: float = Field(0.6, gt=0.5, lt=1)
    ties: float = Field(0.2, ge=0, lt=1)
    power: float = Field(0.8, ge=0.5, le=0.99)

    @model_validator(mode="after")
    def _fits(self) -> "Planned":
        if self.rate + self.difference > 1:
            raise ValueError("The baseline's rate and the difference come to more than 100 %.")
        if self.discordance is not None and self.discordance < self.difference:
            raise ValueError("The two differ on at least as many cases as the difference says.")
        if 2 * self.win_rate - 1 > 1 - self.ties:
            raise ValueError("With that many ties nobody can win as often.")
        return self
