"""Following the provider's job: its status, its events and its checkpoints, each stored once; and passing on wishes.

A watch lasts some seconds and is then queued again, so that a fine-tune of hours never keeps a worker's place.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.candidates import queries as candidates
from app.candidates.service import create_tuned, note_making
from app.core.clock import utcnow
from app.core.db import transaction
from app.finetunes import answers, calls, queries, rules, steps
from app.finetunes.answers import JobCheckpoint, JobEvent, JobState
from app.finetunes.models import Checkpoint, FineTune, FineTuneEvent, FineTuneOutput
from app.finetunes.provider import TuningApi
from app.finetunes.samples import queries as samples
from app.finetunes.steps import Launch
from app.gateway.failures import CallFailed, Failure

POLL_SECONDS = 1.0
TROUBLE_SECONDS = 5.0
REFUSALS = 3  # so many in a row, and a person has to look
NAMELESS = "The provider says that it succeeded, and has not named the model yet."


class Watch:
    """One stretch of watching. ``refused`` counts answers that no later try will mend."""

    def __init__(self, api: TuningApi, launch: Launch, job_id: str) -> None:
        self.api, self.launch, self.job_id = api, launch, job_id
        self.known: set[str] = set()
        self.refused = 0
        self.asked_to_cancel = False

    async def run(self, seconds: float) -> bool:
        """Whether there is more to watch."""
        self.known = await asyncio.to_thread(known_events, self.launch.id)
        until = monotonic() + seconds
        while True:
            wait = POLL_SECONDS
            try:
                await self._pass_on_wishes()
                if not await self._look():
                    await self._keep_output()
                    return False
                self.refused = 0
            except CallFailed as error:
                if not await self._trouble(error.failure):
                    return False
                wait = TROUBLE_SECONDS
            if monotonic() + wait >= until:
                await self._keep_output()
                return True
            await asyncio.sleep(wait)

    async def _look(self) -> bool:
        """One round. Events are asked for after the status, so that the last ones are there when it has ended."""
        job = await self.api.job(self.job_id)
        events = await self.api.events(self.job_id, self.known)
        checkpoints = await self.api.checkpoints(self.job_id) if events else []
        more = await asyncio.to_thread(store, self.launch.id, job, events, checkpoints)
        self.known.update(event.id for event in events)
        return more

    async def _keep_output(self) -> None:
        """At the end of each stretch. It is only shown, so nothing depends on it."""
        with suppress(CallFailed):
            output = await self.api.output(self.job_id)
            if output:
                await asyncio.to_thread(keep_output, self.launch.id, output)

    async def _pass_on_wishes(self) -> None:
        wish = await asyncio.to_thread(wanted, self.launch.id)
        if wish is None or (wish == "cancel" and self.asked_to_cancel):
            return
        call = {"cancel": self.api.cancel, "pause": self.api.pause, "resume": self.api.resume}[wish]
        try:
            await call(self.job_id)
        except CallFailed as error:
            # it has ended, or the like: what it says next tells
            if error.failure.kind != "rejected":
                raise
        self.asked_to_cancel = wish == "cancel"
        if wish != "cancel":
            await asyncio.to_thread(wish_passed_on, self.launch.id, wish)

    async def _trouble(self, failure: Failure) -> bool:
        """Show it and go on; after some refusals in a row leave it to a person."""
        self.refused += failure.meaning.stops_run
        if self.refused >= REFUSALS:
            said = f"{rules.sentence(failure.message)} The job {self.job_id} may still be training there."
            await asyncio.to_thread(steps.ask_a_person, self.launch.id, said)
            return False
        await asyncio.to_thread(steps.note, self.launch.id, f"{rules.sentence(failure.message)} Trying again.")
        return True


def keep_output(fine_tune_id: str, output: str) -> None:
    values = {"text": output, "at": utcnow()}
    new = insert(FineTuneOutput).values(fine_tune_id=fine_tune_id, **values)
    with transaction() as session:
        session.execute(new.on_conflict_do_update(index_elements=["fine_tune_id"], set_=values))


def known_events(fine_tune_id: str) -> set[str]:
    with transaction() as session:
        query = select(FineTuneEvent.provider_event_id).where(FineTuneEvent.fine_tune_id == fine_tune_id)
        return set(session.scalars(query))


def wanted(fine_tune_id: str) -> str | None:
    """What a person has asked for since: cancel, pause or resume."""
    with transaction() as session:
        row = session.get_one(FineTune, fine_tune_id)
        return "cancel" if row.cancel_requested_at and row.status not in rules.ENDED else row.requested


def wish_passed_on(fine_tune_id: str, wish: str) -> None:
    with transaction() as session:
        row = session.get_one(FineTune, fine_tune_id, with_for_update=True)
        if row.requested == wish:
            row.requested = None


def store(fine_tune_id: str, job: JobState, events: Sequence[JobEvent], checkpoints: Sequence[JobCheckpoint]) -> bool:
    """Keep what the provider said, and end with it where it has ended. Answers whether there is more to watch."""
    with transaction() as session:
        row = session.get_one(FineTune, fine_tune_id, with_for_update=True)
        if row.status in rules.ENDED:
            return False
        _store_events(session, row, events)
        samples.store(session, row, [event.sample for event in events if event.sample])
        _store_checkpoints(session, row, checkpoints)
        status = job.standing
        row.provider_status, row.estimated_finish = job.status, job.estimated_finish
        row.settled_hyperparameters = job.settled or row.settled_hyperparameters
        if row.started_at is None and (job.started or status not in ("queued", "cancelled")):
            row.started_at = utcnow()
        if status == "succeeded" and job.fine_tuned_model is None:
            row.status, row.error = "running", NAMELESS
        elif status in rules.ENDED:
            _end(session, row, status, job)
        else:
            row.status, row.error = status, job.notice
        return row.status not in (*rules.ENDED, "paused")


def _end(session: Session, row: FineTune, status: str, job: JobState) -> None:
    row.trained_tokens = job.trained_tokens
    row.cost = _cost(row, job)
    if row.cost is not None:
        calls.note_cost(session, row.id, row.cost)
    if status == "succeeded" and job.fine_tuned_model is not None:
        row.fine_tuned_model = job.fine_tuned_model
        row.candidate_id = row.candidate_id or _make_candidate(session, row, job.fine_tuned_model)
        if row.cost is not None:
            note_making(session, row.candidate_id, row.cost)
    error = (job.error or "The provider gave no reason.") if status == "failed" else None
    steps.finish(session, row, status, error)


def _cost(row: FineTune, job: JobState) -> float | None:
    """Dollars: by tokens where a price was given; by the hours since the start where the machine has a rate."""
    price, rate = row.estimate.get("training_price"), row.estimate.get("hourly_rate")
    if price is not None:
        return None if job.trained_tokens is None else job.trained_tokens * price / 1_000_000
    if rate is not None:
        return (utcnow() - row.started_at).total_seconds() / 3600 * rate if row.started_at else 0.0
    return 0.0 if row.estimate.get("cost") == 0 else None


def _make_candidate(session: Session, row: FineTune, model: str) -> str:
    """It inherits the prompt, parameters and price of the baseline that it was launched against."""
    version = queries.version(session, row.dataset_version_id)
    like = queries.candidate(session, row.baseline_candidate_id) or candidates.baseline(session, row.project_id)
    name = rules.candidate_name(version.number, row.method, row.settled_hyperparameters or row.hyperparameters)
    made = create_tuned(
        session,
        row.project_id,
        row.created_by,
        name=name,
        provider_id=row.provider_id,
        model=model,
        fine_tune_id=row.id,
        like=like,
    )
    return made.id


def _store_events(session: Session, row: FineTune, events: Sequence[JobEvent]) -> None:
    if not events:
        return
    rows = [
        {
            "fine_tune_id": row.id,
            "provider_event_id": event.id,
            "at": event.at,
            "kind": event.kind,
            "level": event.level,
            "message": event.message,
            "data": event.data,
        }
        for event in events
    ]
    session.execute(insert(FineTuneEvent).on_conflict_do_nothing(), rows)
    for event in events:
        row.step = max(row.step, answers.number(event.data.get("step")) or 0)
        row.total_steps = answers.number(event.data.get("total_steps")) or row.total_steps


def _store_checkpoints(session: Session, row: FineTune, checkpoints: Sequence[JobCheckpoint]) -> None:
    if not checkpoints:
        return
    rows = [
        {
            "fine_tune_id": row.id,
            "provider_checkpoint_id": checkpoint.id,
            "step": checkpoint.step,
            "model": checkpoint.model,
            "metrics": checkpoint.metrics,
        }
        for checkpoint in checkpoints
    ]
    session.execute(insert(Checkpoint).on_conflict_do_nothing(), rows)
