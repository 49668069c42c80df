"""What the API and ``holdout gate --json`` answer of verdicts and gates."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from app.comparisons.answers import CandidateOut
from app.decisions.gates import Gate, of_rows
from app.decisions.judging import State, Verdict
from app.decisions.models import GateSet, SignedVerdict
from app.decisions.plan_pages import Needed
from app.decisions.service import Decided, Gates, SignOff


class GatesOut(BaseModel):
    """``version`` 0: nobody has set gates, the suggested ones stand in."""

    version: int
    gates: list[Gate]
    volume: int
    note: str
    set_at: datetime | None

    @classmethod
    def of(cls, known: Gates) -> "GatesOut":
        return cls.of_row(known.version) if known.version else cls.suggested(known)

    @classmethod
    def of_row(cls, row: GateSet) -> "GatesOut":
        gates = of_rows(row.gates)
        return cls(version=row.number, gates=gates, volume=row.volume, note=row.note, set_at=row.created_at)

    @classmethod
    def suggested(cls, known: Gates) -> "GatesOut":
        return cls(version=0, gates=list(known.gates), volume=known.volume, note="", set_at=None)


class GateOut(BaseModel):
    """``needed``: cases (votes) in all until it would be settled with 80 % power, if what was seen is the truth.
    ``set_after_results``: the gate was set when a run of the candidate had ended already."""

    gate: Gate
    sentence: str
    state: State
    measured: str
    n: int
    why: str
    needed: int | None
    set_after_results: bool


class SignOffOut(BaseModel):
    """``lapsed``: what has changed since, in words; null while it stands."""

    id: str
    decision: Verdict
    verdict: Verdict
    who: str
    at: datetime
    note: str
    lapsed: str | None

    @classmethod
    def of(cls, found: SignOff) -> "SignOffOut":
        row = found.row
        said: Any = {"decision": row.decision, "verdict": row.verdict}
        return cls(id=row.id, who=found.who, at=row.signed_at, note=row.note, lapsed=found.lapsed or None, **said)


class OverrideOut(BaseModel):
    fine_tune_id: str
    number: int
    reason: str


class VerdictNowOut(BaseModel):
    """The ship verdict as it stands. ``evidence_hash`` names all that it rests on; ``POST /verdicts`` asks for it."""

    verdict: Verdict
    reasons: str
    baseline: CandidateOut
    candidate: CandidateOut
    test_sets: list[str]
    runs: list[str]
    gates_version: int
    gates: list[GateOut]
    overrides: list[OverrideOut]
    evidence: dict[str, Any]
    evidence_hash: str
    sign_off: SignOffOut | None

    @classmethod
    def of(cls, now: Decided) -> "VerdictNowOut":
        sides = now.found.sides
        return cls(
            verdict=now.verdict,
            reasons=now.reasons,
            baseline=CandidateOut(id=sides.baseline.id, name=sides.baseline.name),
            candidate=CandidateOut(id=sides.candidate.id, name=sides.candidate.name),
            test_sets=[pair.test_set.id for pair in now.found.pairs],
            runs=now.found.runs,
            gates_version=now.gates.version.number if now.gates.version else 0,
            gates=_gates(now),
            overrides=[OverrideOut.model_validate(one, from_attributes=True) for one in now.overrides],
            evidence=dict(now.evidence),
            evidence_hash=now.evidence_hash,
            sign_off=SignOffOut.of(now.sign_off) if now.sign_off else None,
        )


def _gates(now: Decided) -> list[GateOut]:
    names = ("gate", "state", "measured", "n", "why", "needed")
    return [
        GateOut(
            **{name: getattr(one, name) for name in names},
            sentence=one.gate.sentence,
            set_after_results=bool((at := now.since.get(one.gate.metric)) and at.after),
        )
        for one in now.judged
    ]


class VerdictOut(BaseModel):
    """A signed verdict: what the gates said (``verdict``), what the person decided, and the numbers as they stood."""

    id: str
    baseline_id: str
    candidate_id: str
    run_ids: list[str]
    verdict: Verdict
    decision: Verdict
    note: str
    evidence: dict[str, Any]
    evidence_hash: str
    numbers: list[Any]
    signed_by: str
    signed_at: datetime

    @classmethod
    def of(cls, row: SignedVerdict, who: str) -> "VerdictOut":
        names = set(cls.model_fields) - {"signed_by"}
        return cls(**{name: getattr(row, name) for name in names}, signed_by=who)


class PlanOut(BaseModel):
    """``discordance``: as it was assumed."""

    cases: int | None
    votes: int | None
    discordance: float
    power: float

    @classmethod
    def of(cls, found: Needed) -> "PlanOut":
        return cls.model_validate(found, from_attributes=True)
