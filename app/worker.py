"""The worker process: imports every stage's jobs, then runs the queue."""

import importlib
import logging

import uvloop

from app.jobs import worker

# each stage with a jobs.py; the modules register their tasks when imported
STAGES_WITH_JOBS = ("gateway", "examples", "evals", "finetunes")


def load_jobs() -> None:
    for stage in STAGES_WITH_JOBS:
        importlib.import_module(f"app.{stage}.jobs")


def main(concurrency: int = 8) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    load_jobs()
    uvloop.run(worker.run(concurrency))
