"""Jobs of the doctor."""

from app.core.db import transaction
from app.finetunes.doctor import service
from app.jobs.queue import job


@job("finetunes.doctor.examine")
def examine(examination_id: str) -> None:
    try:
        service.carry_out(examination_id)
    except Exception as error:
        service.failed(examination_id, f"The examination stopped: {type(error).__name__}. Ask for it again.")
        raise


@job("finetunes.doctor.run_ended")
def run_ended(run_id: str) -> None:
    with transaction() as session:
        service.run_ended(session, run_id)
