"""Verbs of the doctor: ask for an examination, carry it out, say how a fine-tune stands."""

import hashlib
import json
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.candidates import queries as candidates
from app.core.clock import utcnow
from app.core.db import transaction
from app.core.errors import Conflict
from app.evals.models import EvalRun
from app.finetunes.doctor import gathering, packing, queries
from app.finetunes.doctor.findings import Finding, headline
from app.finetunes.doctor.gathering import Evidence
from app.finetunes.doctor.models import Examination
from app.finetunes.models import FineTune
from app.jobs.queue import enqueue
from app.projects.access import Access

RULES = 2  # to be raised with every change of a rule: what was found under another number is shown as out of date
MOST = 20  # fine-tunes that a new run of the baseline is about


@dataclass(frozen=True)
class Standing:
    """``row``: the examination that is shown, ``open``: one under way, ``stale``: newer runs, documents or rules."""

    row: Examination | None
    open: Examination | None
    stale: bool
    findings: list[Finding]

    @property
    def headline(self) -> str:
        return headline(self.findings)


def begin(session: Session, access: Access, fine_tune: FineTune) -> Examination:
    """Ask for an examination; the one under way where there is one. Conflict before there is a tuned candidate."""
    if fine_tune.candidate_id is None:
        raise Conflict("There is no tuned model yet: the doctor looks at its outputs once it has been measured.")
    found = _queued(session, fine_tune, access.user.id)
    project_id, name = access.project.id, f"Fine-tune {fine_tune.number}"
    record(session, "examine", "fine-tune", fine_tune.id, actor_id=access.user.id, project_id=project_id, name=name)
    return found


def _queued(session: Session, fine_tune: FineTune, user_id: str | None) -> Examination:
    row = Examination(project_id=fine_tune.project_id, fine_tune_id=fine_tune.id, created_by=user_id)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        other = queries.open_one(session, fine_tune.id)
        if other is None:
            raise
        return other
    enqueue(session, "finetunes.doctor.examine", key=f"doctor:{fine_tune.id}", examination_id=row.id)
    return row


def run_ended(session: Session, run_id: str) -> None:
    """Look again at every fine-tune that this run says something new about."""
    run = session.get(EvalRun, run_id)
    if run is None or run.status != "succeeded":
        return
    for fine_tune in queries.concerned(session, run.candidate_id, MOST):
        if standing(session, fine_tune).stale:
            _queued(session, fine_tune, None)


def carry_out(examination_id: str) -> None:
    """May be killed and run again: nothing is written but the whole result."""
    with transaction() as session:
        row = queries.locked(session, examination_id)
        if row is None or row.status not in queries.OPEN:
            return
        row.status = "running"
    with transaction() as session:
        row = session.get_one(Examination, examination_id)
        fine_tune = session.get_one(FineTune, row.fine_tune_id)
        found = _evidence(session, fine_tune)
        basis_hash = _hash(session, fine_tune, found)
        findings = packing.packed(gathering.examine(session, fine_tune, found))
        done = queries.locked(session, examination_id)
        if done is None or done.status not in queries.OPEN:
            return
        done.status, done.findings, done.finished_at = "succeeded", findings, utcnow()
        done.basis, done.basis_hash = found.basis, basis_hash


def failed(examination_id: str, error: str) -> None:
    with transaction() as session:
        row = queries.locked(session, examination_id)
        if row is not None and row.status in queries.OPEN:
            row.status, row.error, row.finished_at = "failed", error, utcnow()


def standing(session: Session, fine_tune: FineTune) -> Standing:
    row, open_ = queries.last_finished(session, fine_tune.id), queries.open_one(session, fine_tune.id)
    stale = row is None or is_stale(session, fine_tune, row)
    return Standing(row, open_, stale, packing.unpacked(row.findings or []) if row else [])


def said_of(session: Session, candidate_id: str) -> tuple[FineTune, list[Finding]] | None:
    """What the doctor said last of the fine-tune that made this candidate, stale or not."""
    fine_tune = queries.made_of(session, candidate_id)
    row = queries.last_finished(session, fine_tune.id) if fine_tune else None
    return (fine_tune, packing.unpacked(row.findings or [])) if fine_tune and row else None


def is_stale(session: Session, fine_tune: FineTune, row: Examination) -> bool:
    """Whether newer runs, documents or rules have come since this examination."""
    return row.basis_hash != _hash(session, fine_tune, _evidence(session, fine_tune))


def _evidence(session: Session, fine_tune: FineTune) -> Evidence:
    base_id = fine_tune.baseline_candidate_id
    if base_id is None:
        baseline = candidates.baseline(session, fine_tune.project_id)
        base_id = baseline.id if baseline else None
    return gathering.evidence(session, fine_tune, base_id if base_id != fine_tune.candidate_id else None)


def _hash(session: Session, fine_tune: FineTune, found: Evidence) -> str:
    runs = [(pair.baseline.manifest_hash, pair.candidate.manifest_hash) for pair in found.pairs]
    stamp = [RULES, found.basis, runs, fine_tune.dataset_version_id]
    stamp.append(queries.knowledge_state(session, fine_tune.project_id))
    return hashlib.sha256(json.dumps(stamp).encode()).hexdigest()
