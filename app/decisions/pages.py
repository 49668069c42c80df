"""Typed contexts of the ship page and of its gates."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from app.comparisons import choice, wording
from app.comparisons.case_list import Address
from app.comparisons.choice import Action, NotReady
from app.comparisons.chooser import Chooser, chooser_of
from app.comparisons.cost_words import cost_line
from app.comparisons.forms import Wanted
from app.comparisons.service import Compared
from app.comparisons.wording import Line
from app.core.stats.words import and_list
from app.datasets import queries as datasets
from app.decisions import gate_form, judging, seen, service, snippets
from app.decisions.gate_form import GateRow
from app.decisions.gates import of_rows
from app.decisions.judging import JudgedGate
from app.decisions.models import GateSet
from app.decisions.seen import Change
from app.decisions.service import Decided, Override, SignOff
from app.finetunes.doctor import service as doctor
from app.finetunes.doctor.findings import headline
from app.projects.access import Access
from app.web.forms import FormState
from app.web.snippets import Snippet
from app.web.words import money, plural

TONES = {"ship": "good", "dont_ship": "bad", "not_enough_evidence": "warn"}
TITLE = "Decide"


@dataclass(frozen=True)
class NothingYet:
    slug: str
    reason: str
    text: str
    action: Action | None
    chooser: Chooser | None
    gates_set: bool
    can_set: bool
    title: str = TITLE


@dataclass(frozen=True)
class GateLine:
    """As ``check_list`` shows it."""

    word: str
    label: str
    measured: str
    more: str
    url: str | None


@dataclass(frozen=True)
class CostLine:
    name: str
    training: str
    evaluation: str
    people: str
    total: str


@dataclass(frozen=True)
class DoctorLine:
    fine_tune_id: str
    headline: str
    found: bool


@dataclass(frozen=True)
class DecidePage:
    slug: str
    title: str
    answer: str
    tone: str
    verdict: str
    candidate: str
    baseline: str
    heads: tuple[str, str]
    gates: Sequence[GateLine]
    gates_number: int | None
    late: Sequence[str]
    metrics: Sequence[Line]
    resources: Sequence[Line]
    sentences: Sequence[str]
    costs: Sequence[CostLine]
    volume: int
    cost_line: str  # per success, and when it pays back
    rests_on: Sequence[tuple[str, str]]
    overrides: Sequence[Override]
    doctor: DoctorLine | None  # what went wrong with the fine-tune that made the candidate
    sign_off: SignOff | None
    decisions: Sequence[tuple[str, str]]
    may_sign: bool
    can_set: bool
    compare_url: str
    hidden: Sequence[tuple[str, str]]
    evidence_hash: str
    snippets: Sequence[Snippet]
    export_query: str
    chooser: Chooser
    change: Change | None  # since whoever reads it last did
    form: FormState = field(default_factory=FormState)


@dataclass(frozen=True)
class GateVersion:
    number: int
    who: str
    at: datetime
    sentences: Sequence[str]
    note: str


@dataclass(frozen=True)
class GatesPage:
    slug: str
    rows: Sequence[GateRow]
    volume: int
    based_on: int
    suggested: bool
    can_set: bool
    history: Sequence[GateVersion]
    form: FormState
    title: str = "Gates"


def decide(
    session: Session, access: Access, wanted: Wanted, form: FormState | None = None, *, reader: bool = True
) -> DecidePage | NothingYet:
    """The verdict as it stands, or what is missing for one. ``reader``: whether the person of ``access`` reads it."""
    sides = None
    try:
        sides = choice.sides(session, access, wanted)
        found = service.decide_on(session, access, sides, wanted.test_set)
    except NotReady as missing:
        chooser = chooser_of(session, access, sides, wanted.test_set) if sides else None
        known = service.gates_of(session, access.project.id).version is not None
        can = access.can("engineer")
        return NothingYet(access.project.slug, missing.title, missing.text, missing.action, chooser, known, can)
    change = seen.look(session, access.user.id, found) if reader else None
    return _page(session, access, found, form or FormState(), change)


def _page(session: Session, access: Access, now: Decided, form: FormState, change: Change | None) -> DecidePage:
    found, slug = now.found, access.project.slug
    baseline, candidate = found.sides.baseline, found.sides.candidate
    here = Address(slug, found)
    shares = [row for row in found.result.rows if row.unit == "share"]
    return DecidePage(
        slug=slug,
        title=f"{judging.WORDS[now.verdict]}: {candidate.name}",
        answer=f"{now.reasons} {_against(now)}",
        tone=TONES[now.verdict],
        verdict=now.verdict,
        candidate=candidate.name,
        baseline=baseline.name,
        heads=wording.heads(baseline.name, candidate.name),
        gates=[_gate_line(one, now, here) for one in now.judged],
        gates_number=now.gates.version.number if now.gates.version else None,
        late=_late(now),
        metrics=wording.metric_lines(shares, here.metrics(shares)),
        resources=wording.resource_lines([row for row in found.result.rows if row.unit != "share"]),
        sentences=[row.sentence for row in found.result.rows],
        costs=_costs(found),
        volume=found.volume,
        cost_line=cost_line({row.key: row for row in found.result.rows}, found.volume, found.pays_back),
        rests_on=_rests_on(session, now),
        overrides=now.overrides,
        doctor=_doctor(session, candidate.id),
        sign_off=now.sign_off,
        decisions=list(judging.WORDS.items()),
        may_sign=access.may_sign_off and now.gates.version is not None,
        can_set=access.can("engineer"),
        compare_url=here.to(""),
        hidden=here.fields(),
        evidence_hash=now.evidence_hash,
        snippets=snippets.of(slug, found),
        export_query=here.query(),
        chooser=chooser_of(session, access, found.sides, [pair.test_set.id for pair in found.pairs]),
        change=change,
        form=form,
    )


def _doctor(session: Session, candidate_id: str) -> DoctorLine | None:
    said = doctor.said_of(session, candidate_id)
    if said is None:
        return None
    fine_tune, findings = said
    return DoctorLine(fine_tune.id, headline(findings), any(one.state == "found" for one in findings))


def _against(now: Decided) -> str:
    sets = and_list([f"“{pair.test_set.name}”" for pair in now.found.pairs])
    return f"Against {now.found.sides.baseline.name}, on {sets}."


def _gate_line(one: JudgedGate, now: Decided, here: Address) -> GateLine:
    key = one.gate.metric
    set_at = now.since.get(key)
    late = f"Set in version {set_at.number}, after {set_at.after} had ended." if set_at and set_at.after else ""
    opens = one.gate.kind.unit == "share" and one.n and key != "human_preference"
    url = here.to(metric=key, outcome="regression") if opens else None
    measured = f"{one.measured}, n {one.n:,}" if one.n else one.measured
    return GateLine(one.state, one.gate.sentence, measured, " ".join(part for part in (one.why, late) if part), url)


def _late(now: Decided) -> list[str]:
    """Gates that were set when a result could have been known."""
    return [one.gate.sentence for one in now.judged if (at := now.since.get(one.gate.metric)) and at.after]


def _costs(found: Compared) -> list[CostLine]:
    names = (found.sides.baseline.name, found.sides.candidate.name)
    return [
        CostLine(name, *map(money, (one.training, one.evaluation, one.people, one.total)))
        for name, one in zip(names, found.fixed, strict=True)
    ]


def _rests_on(session: Session, now: Decided) -> list[tuple[str, str]]:
    found = now.found
    sets = []
    for one in (pair.test_set for pair in found.pairs):
        used = plural(datasets.uses(session, one.id), "time")
        sets.append(f"“{one.name}”, {plural(one.size, 'case')}, {(one.content_hash or '')[:12]}, used {used}")
    runs = [f"{pair.candidate.number} against {pair.baseline.number}" for pair in found.pairs]
    gates = f"version {now.gates.version.number}" if now.gates.version else "suggested, set by nobody"
    unsure: Sequence[str] = now.evidence["uncalibrated"]
    rows = [
        ("Test sets", "; ".join(sets)),
        ("Runs", and_list(runs)),
        ("Graders", and_list(list(found.material.graders))),
        ("Gates", gates),
    ]
    said = _doctor(session, found.sides.candidate.id)
    rows += [("Doctor", said.headline)] if said else []
    rows += [("Judges without calibration", and_list(list(unsure)))] if unsure else []
    return [*rows, ("Evidence", now.evidence_hash[:16])]


def gates(session: Session, access: Access, form: FormState | None = None) -> GatesPage:
    known = service.gates_of(session, access.project.id)
    listed = gate_form.rows(known.gates)
    history = [_version(row, who) for row, who in known.history]
    return GatesPage(
        slug=access.project.slug,
        rows=gate_form.typed(form, listed) if form else listed,
        volume=known.volume,
        based_on=known.version.number if known.version else 0,
        suggested=known.version is None,
        can_set=access.can("engineer"),
        history=history,
        form=form or FormState(),
    )


def _version(row: GateSet, who: str | None) -> GateVersion:
    return GateVersion(row.number, who or "–", row.created_at, [gate.sentence for gate in of_rows(row.gates)], row.note)
