"""The job that follows a change of the overlap."""

from app.annotation.settling import catch_up
from app.jobs.queue import job


@job("annotation.catch_up")
def catch_up_job(project_id: str) -> None:
    catch_up(project_id)
