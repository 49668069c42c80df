"""What the worker reads and writes of a fine-tune, a short transaction at a time. Each may be done twice.

Nothing here changes a fine-tune that has ended, so a worker that was believed dead can do no harm.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from tempfile import TemporaryFile
from typing import Any, BinaryIO

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.core.clock import utcnow
from app.core.db import transaction
from app.datasets.near import service as near
from app.datasets.near.service import NearCase
from app.finetunes import calls, dialects, news, queries, rules
from app.finetunes.answers import JobState
from app.finetunes.dialects import Dialect, Order, flat
from app.finetunes.material import service as materials
from app.finetunes.material.models import Validation
from app.finetunes.models import FineTune
from app.finetunes.scan import Scan, scan
from app.finetunes.series import turns
from app.gateway.client import Connection, connection_to
from app.gateway.models import PaidCall
from app.gateway.queries import usable
from app.jobs.queue import enqueue


@dataclass(frozen=True)
class Launch:
    """What the worker needs to know of a fine-tune that is under way."""

    id: str
    kind: str  # of the provider
    provider: str
    base_url: str
    base_model: str
    method: str
    objective: str
    hyperparameters: dict[str, Any]
    token: str
    suffix: str
    file_id: str | None
    validated: bool
    validation_file_id: str | None
    job_id: str | None
    cancelled: bool
    created_at: datetime

    @property
    def dialect(self) -> Dialect:
        return dialects.of(self.kind, self.base_url)

    def order(self) -> Order:
        """What the provider is told. The files must be there."""
        assert self.file_id is not None
        return Order(
            model=self.base_model,
            method=self.method,
            objective=self.objective,
            training_file=self.file_id,
            validation_file=self.validation_file_id,
            suffix=self.suffix,
            token=self.token,
            settings=flat(self.hyperparameters),
        )

    @property
    def marks(self) -> rules.Marks:
        return rules.Marks(self.token, self.suffix, self.file_id)


@dataclass(frozen=True)
class Call:
    """The newest attempt to create the job. ``age`` is in seconds since it was sent, by the database's clock."""

    id: str
    attempt: int
    state: str
    age: float


def load(fine_tune_id: str) -> Launch | None:
    """None where there is nothing to do: it has ended, is paused, or waits for a person."""
    with transaction() as session:
        row = session.get(FineTune, fine_tune_id)
        if row is None or row.status in (*rules.ENDED, "needs_decision"):
            return None
        if row.status == "paused" and not row.requested and not row.cancel_requested_at:
            return None
        provider, kept = usable(session, row.provider_id), session.get(Validation, row.id)
        return Launch(
            id=row.id,
            kind=provider.kind,
            provider=provider.name,
            base_url=provider.base_url,
            base_model=row.base_model,
            method=row.method,
            objective=row.objective,
            hyperparameters=row.hyperparameters,
            token=row.launch_token,
            suffix=rules.suffix(queries.version(session, row.dataset_version_id).number, row.launch_token),
            file_id=row.provider_file_id,
            validated=kept is not None,
            validation_file_id=kept.provider_file_id if kept else None,
            job_id=row.provider_job_id,
            cancelled=row.cancel_requested_at is not None,
            created_at=row.created_at,
        )


def connection(fine_tune_id: str) -> Connection:
    """Raises gateway.keys.UnreadableKey, or NotFound for a provider that was switched off."""
    with transaction() as session:
        row = session.get_one(FineTune, fine_tune_id)
        return connection_to(usable(session, row.provider_id))


def enqueue_again(fine_tune_id: str) -> None:
    with transaction() as session:
        enqueue(session, "finetunes.run", key=f"fine-tune:{fine_tune_id}", fine_tune_id=fine_tune_id)


@contextmanager
def _open_row(fine_tune_id: str) -> Iterator[tuple[Session, FineTune | None]]:
    """The row, locked; None where it has ended."""
    with transaction() as session:
        query = select(FineTune).where(FineTune.id == fine_tune_id, FineTune.status.not_in(rules.ENDED))
        yield session, session.scalar(query.with_for_update())


def note(fine_tune_id: str, trouble: str | None) -> None:
    """Show what is in the way while we try again; None takes it back."""
    change = update(FineTune).where(FineTune.id == fine_tune_id, FineTune.status.in_(rules.OPEN))
    with transaction() as session:
        session.execute(change.where(FineTune.error.is_distinct_from(trouble)).values(error=trouble))


def ask_a_person(fine_tune_id: str, sentence: str) -> None:
    with _open_row(fine_tune_id) as (session, row):
        if row is not None:
            row.status, row.error = "needs_decision", sentence
            _record(session, row, "needs-decision")
            news.tell(session, row)


def end(fine_tune_id: str, status: str, error: str | None = None) -> None:
    """Failed or cancelled before the provider had a job."""
    with _open_row(fine_tune_id) as (session, row):
        if row is not None:
            finish(session, row, status, error)


def finish(session: Session, row: FineTune, status: str, error: str | None) -> None:
    row.status, row.error = status, error
    row.requested = row.estimated_finish = None
    row.finished_at = row.finished_at or utcnow()
    _record(session, row, {"succeeded": "finish", "failed": "fail", "cancelled": "end"}[status])
    news.tell(session, row)
    turns.after(session, row)


def write_file(fine_tune_id: str, part: str) -> tuple[BinaryIO, int, str | None]:
    """(the exact bytes from the start, their number, why they must not be sent or None) of the training or validation
    file.

    The bytes are hashed and looked through as they are written: what is checked is what is sent.
    """
    file = TemporaryFile()  # noqa: SIM115 (the caller closes it)
    with transaction() as session:
        row = session.get_one(FineTune, fine_tune_id)
        material = materials.of_row(session, row)
        read, sha256 = materials.training, row.export_sha256
        if part == "validation":
            read, sha256 = materials.validation, session.get_one(Validation, row.id).sha256
        cases = near.sealed_cases(session, row.project_id)
        seen = scan(_kept(read(session, material), file.write), cases.show)
        problem = _problem(session, row, seen, sha256, part) or _near_problem(cases.found(), part)
    size = file.tell()
    file.seek(0)
    return file, size, problem


def _kept(lines: Iterator[bytes], write: Callable[[bytes], int]) -> Iterator[bytes]:
    for line in lines:
        write(line)
        yield line


def _problem(session: Session, row: FineTune, seen: Scan, sha256: str, part: str) -> str | None:
    if seen.sha256 != sha256:
        return f"The {part} bytes are not those that were checked at launch, so nothing was uploaded."
    if queries.held_out(session, row.project_id, seen.units):
        return f"The {part} bytes hold prompts that are held out for testing, so nothing was uploaded."
    return None


def _near_problem(near_cases: Sequence[NearCase], part: str) -> str | None:
    if near_cases:
        line = near_cases[0].line
        return f"The {part} bytes ask nearly what a sealed test case asks (line {line}), so nothing was uploaded."
    return None


def store_file_id(fine_tune_id: str, part: str, file_id: str) -> None:
    with _open_row(fine_tune_id) as (session, row):
        holder = session.get(Validation, fine_tune_id) if row is not None and part == "validation" else row
        if holder is not None:
            holder.provider_file_id = holder.provider_file_id or file_id


def next_call(fine_tune_id: str) -> Call:
    """The newest attempt; a first or next one is planned where none stands open."""
    with transaction() as session:
        row = session.get_one(FineTune, fine_tune_id, with_for_update=True)
        newest = calls.newest(session, row.id)
        if newest is None or newest.state in ("failed", "accepted"):
            calls.plan(session, row)
            newest = calls.newest(session, row.id)
        assert newest is not None
        return _call(session, newest)


def _call(session: Session, call: PaidCall) -> Call:
    since = func.extract("epoch", func.clock_timestamp() - PaidCall.sent_at)
    age = session.scalar(select(since).where(PaidCall.id == call.id)) if call.sent_at else 0
    return Call(call.id, call.attempt, call.state, float(age or 0))


def mark_sent(call_id: str) -> bool:
    with transaction() as session:
        return calls.mark_sent(session, call_id)


def settle_call(call_id: str, state: str, kind: str, message: str) -> None:
    with transaction() as session:
        calls.settle(session, call_id, state, {"kind": kind, "message": message})


def adopt(fine_tune_id: str, call_id: str, job: JobState) -> bool:
    """The provider's job is ours: one transaction stores its id and ends the call. False where it has ended here."""
    with _open_row(fine_tune_id) as (session, row):
        calls.settle(session, call_id, "done")
        if row is None:
            return False
        row.provider_job_id = row.provider_job_id or job.id
        row.provider_status, row.settled_hyperparameters, row.error = job.status, job.settled, None
        return True


def _record(session: Session, row: FineTune, action: str) -> None:
    session.flush()
    record(session, action, "fine-tune", row.id, actor_id=None, project_id=row.project_id, number=row.number)
