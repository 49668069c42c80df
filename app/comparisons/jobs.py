"""Jobs of comparisons."""

from app.comparisons import preparing
from app.core.db import transaction
from app.jobs.queue import enqueue, job


@job("comparisons.prepare")
def prepare(run_id: str) -> None:
    """Work out what the pages will ask for, now that this run has ended; a pair in a transaction of its own. What was
    kept already is not done again, so a job that is taken up once more goes on where it was."""
    with transaction() as session:
        waiting = preparing.pairs_of(session, run_id)
    for one in waiting:
        with transaction() as session:
            preparing.work_out(session, one)
    with transaction() as session:
        enqueue(session, "finetunes.doctor.run_ended", key=f"doctor-run:{run_id}", run_id=run_id)
