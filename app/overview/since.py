"""What is new in a project since a person last looked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.candidates.models import Candidate
from app.core.clock import utcnow
from app.core.ids import first_id
from app.decisions.judging import WORDS
from app.decisions.models import SignedVerdict
from app.evals.blind import hidden_from
from app.evals.metric_rows import shown
from app.evals.models import EvalRun
from app.examples.models import Example
from app.finetunes.models import FineTune
from app.overview.models import ProjectVisit
from app.projects.access import Access
from app.web.words import plural

ONE_VISIT = timedelta(minutes=30)
LISTED = 5
ENDED = ("succeeded", "failed", "cancelled")
SAID = {str(decision): words.lower() for decision, words in WORDS.items()}


@dataclass(frozen=True)
class News:
    """``rows``: (what, address). ``at``: when this person had last looked."""

    at: datetime
    rows: Sequence[tuple[str, str]]


def look(session: Session, access: Access) -> News | None:
    """Note the look, and say what is new. None on a first visit and where nothing is."""
    since = _note(session, access.user.id, access.project.id, utcnow())
    if since is None:
        return None
    base = f"/p/{access.project.slug}"
    found = [
        *_examples(session, access, since, base),
        *_runs(session, access, since, base),
        *_fine_tunes(session, access, since, base),
        *_verdicts(session, access, since, base),
    ]
    return News(since, found) if found else None


def _note(session: Session, user_id: str, project_id: str, now: datetime) -> datetime | None:
    """When they had looked before this visit."""
    new_visit = ProjectVisit.at < now - ONE_VISIT
    row = insert(ProjectVisit).values(user_id=user_id, project_id=project_id, at=now, since=None)
    kept = row.on_conflict_do_update(
        index_elements=["user_id", "project_id"],
        set_={"at": now, "since": case((new_visit, ProjectVisit.at), else_=ProjectVisit.since)},
    )
    return session.scalar(kept.returning(ProjectVisit.since))


def _examples(session: Session, access: Access, since: datetime, base: str) -> list[tuple[str, str]]:
    made = Example.project_id == access.project.id, Example.deleted_at.is_(None), Example.id > first_id(since)
    count = session.scalar(select(func.count()).where(*made)) or 0
    return [(plural(count, "new example"), f"{base}/examples")] if count else []


def _runs(session: Session, access: Access, since: datetime, base: str) -> list[tuple[str, str]]:
    query = (
        select(EvalRun, Candidate.name)
        .join(Candidate, Candidate.id == EvalRun.candidate_id)
        .where(
            EvalRun.project_id == access.project.id,
            EvalRun.finished_at > since,
            EvalRun.status.in_(ENDED),
            ~hidden_from(access.user.id),
        )
        .order_by(EvalRun.finished_at.desc())
        .limit(LISTED)
    )
    return [(_run(run, name), f"{base}/runs/{run.id}") for run, name in session.execute(query)]


def _run(run: EvalRun, candidate: str) -> str:
    first = next((m for m in run.metrics or [] if m["value"] is not None), None)
    figure = f", {first['key'].replace('_', ' ')} {shown(first)}" if first and run.status == "succeeded" else ""
    return f"Run {run.number} of {candidate} {run.status}{figure}"


def _fine_tunes(session: Session, access: Access, since: datetime, base: str) -> list[tuple[str, str]]:
    query = select(FineTune).where(FineTune.project_id == access.project.id, FineTune.finished_at > since)
    rows = session.scalars(query.order_by(FineTune.finished_at.desc()).limit(LISTED))
    return [(f"Fine-tune {row.number} {row.status}", f"{base}/fine-tunes/{row.id}") for row in rows]


def _verdicts(session: Session, access: Access, since: datetime, base: str) -> list[tuple[str, str]]:
    query = (
        select(SignedVerdict, Candidate.name, User.name)
        .join(Candidate, Candidate.id == SignedVerdict.candidate_id)
        .join(User, User.id == SignedVerdict.signed_by)
        .where(SignedVerdict.project_id == access.project.id, SignedVerdict.signed_at > since)
        .order_by(SignedVerdict.id.desc())
        .limit(LISTED)
    )
    return [
        (
            f"{who} signed “{SAID[row.decision]}” for {candidate}",
            f"{base}/decide?baseline={row.baseline_id}&candidate={row.candidate_id}",
        )
        for row, candidate, who in session.execute(query)
    ]
