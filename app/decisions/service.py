"""Verbs of decisions: set the gates, give the verdict over them, sign it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.comparisons import choice
from app.comparisons import service as comparisons
from app.comparisons.costs import DEFAULT_VOLUME
from app.comparisons.forms import Wanted
from app.comparisons.service import Compared
from app.core.errors import Conflict, Forbidden, Invalid
from app.decisions import evidence, judges, judging, queries
from app.decisions.evidence import Since
from app.decisions.forms import NewGates, NewSignOff
from app.decisions.gates import SUGGESTED, Gate, as_rows, of_rows
from app.decisions.judging import JudgedGate, Verdict
from app.decisions.models import GateSet, SignedVerdict
from app.projects.access import Access


@dataclass(frozen=True)
class Gates:
    """The gates that count now. ``version``: None while nobody has set any and the suggested ones stand in."""

    gates: Sequence[Gate]
    volume: int
    version: GateSet | None
    history: Sequence[tuple[GateSet, str | None]]


@dataclass(frozen=True)
class Override:
    """A launch that went on against a blocker, and why."""

    fine_tune_id: str
    number: int
    reason: str


@dataclass(frozen=True)
class SignOff:
    """``lapsed``: what has changed since, in words; empty while it stands."""

    row: SignedVerdict
    who: str
    lapsed: str


@dataclass(frozen=True)
class Decided:
    """The verdict as it stands now, with everything behind it."""

    found: Compared
    gates: Gates
    judged: Sequence[JudgedGate]
    since: Mapping[str, Since]  # by metric; empty while the gates are only suggested
    verdict: Verdict
    evidence: Mapping[str, Any]
    evidence_hash: str
    overrides: Sequence[Override]
    sign_off: SignOff | None

    @property
    def reasons(self) -> str:
        return judging.reasons(self.judged)


def gates_of(session: Session, project_id: str) -> Gates:
    history = [(row[0], row[1]) for row in queries.gate_sets(session, project_id)]
    if not history:
        return Gates(SUGGESTED, DEFAULT_VOLUME, None, history)
    newest = history[0][0]
    return Gates(of_rows(newest.gates), newest.volume, newest, history)


def set_gates(session: Session, access: Access, new: NewGates) -> GateSet:
    """The next version. Conflict where another one was made since ``based_on`` was read."""
    number = queries.next_number(session, access.project.id)
    if new.based_on is not None and new.based_on != number - 1:
        raise Conflict("Somebody has changed the gates meanwhile: look at the newest version first.")
    fields = {"volume": new.volume, "note": new.note, "created_by": access.user.id}
    row = GateSet(project_id=access.project.id, number=number, gates=as_rows(new.gates), **fields)
    session.add(row)
    session.flush()
    said = {"number": number, "gates": [gate.sentence for gate in new.gates], "volume": new.volume}
    record(session, "set", "gates", row.id, actor_id=access.user.id, project_id=access.project.id, **said)
    return row


def decide(session: Session, access: Access, wanted: Wanted) -> Decided:
    """The verdict now. Raises what ``comparisons.service.compare`` raises."""
    return decide_on(session, access, choice.sides(session, access, wanted), wanted.test_set)


def decide_on(session: Session, access: Access, sides: choice.Sides, test_sets: Sequence[str]) -> Decided:
    gates = gates_of(session, access.project.id)
    found = comparisons.compare_sides(session, access, sides, test_sets, gates.volume)
    rows = judging.by_metric(found.result.rows)
    untrusted = judges.uncalibrated(session, found.pairs, found.material.graders)
    judged = [judging.judge(gate, rows.get(gate.metric), untrusted.get(gate.metric, {})) for gate in gates.gates]
    rests_on = evidence.pieces(found, gates.gates, gates.volume, untrusted)
    sides_of = found.sides
    return Decided(
        found=found,
        gates=gates,
        judged=judged,
        since=_since(gates, found),
        verdict=judging.verdict(judged),
        evidence=rests_on,
        evidence_hash=evidence.digest(rests_on),
        overrides=[Override(*row) for row in queries.overrides(session, [sides_of.candidate.id])],
        sign_off=_sign_off(session, access, sides_of, rests_on),
    )


def sign(session: Session, access: Access, new: NewSignOff) -> SignedVerdict:
    """Put the person's name to a decision on the evidence that was read.

    Forbidden without the permission; Conflict where no gates were set, or the evidence has changed since; Invalid for a
    decision against the verdict without a reason.
    """
    if not access.may_sign_off:
        raise Forbidden("Signing off needs the permission to sign off; an admin of the project gives it to members.")
    now = decide(session, access, new)
    if now.gates.version is None:
        raise Conflict("Set the gates first: nobody has said yet what must hold.")
    if now.evidence_hash != new.evidence_hash:
        raise Conflict("The evidence has changed since you read it: read the verdict again, then sign.")
    if new.decision != now.verdict and len(new.note) < 10:
        raise Invalid.field("note", "The gates say otherwise: give your reason in a sentence.")
    sides = now.found.sides
    row = SignedVerdict(
        project_id=access.project.id,
        baseline_id=sides.baseline.id,
        candidate_id=sides.candidate.id,
        run_ids=now.found.runs,
        gate_set_id=now.gates.version.id,
        verdict=now.verdict,
        decision=new.decision,
        note=new.note,
        evidence=dict(now.evidence),
        evidence_hash=now.evidence_hash,
        numbers=[number(one) for one in now.judged],
        signed_by=access.user.id,
    )
    session.add(row)
    session.flush()
    said = {"decision": new.decision, "verdict": now.verdict, "candidate": sides.candidate.name}
    record(session, "sign-off", "verdict", row.id, actor_id=access.user.id, project_id=access.project.id, **said)
    return row


def number(one: JudgedGate) -> dict[str, Any]:
    """A judged gate as it is kept with a signature."""
    gate = one.gate.model_dump()
    return {"gate": gate, "sentence": one.gate.sentence, "state": one.state, "measured": one.measured, "n": one.n}


def _since(gates: Gates, found: Compared) -> dict[str, Since]:
    if gates.version is None:
        return {}
    versions = [(row.number, row.created_at, of_rows(row.gates)) for row, _who in gates.history]
    ended: dict[str, datetime] = {
        f"run {pair.candidate.number}": pair.candidate.finished_at or pair.candidate.created_at for pair in found.pairs
    }
    return {gate.metric: evidence.since(gate, versions, ended) for gate in gates.gates}


def _sign_off(session: Session, access: Access, sides: choice.Sides, now: Mapping[str, Any]) -> SignOff | None:
    of = sides.baseline.id, sides.candidate.id
    found = queries.latest_sign_off(session, access.project.id, access.user.id, *of)
    return SignOff(found[0], found[1], evidence.changed(found[0].evidence, now)) if found else None
