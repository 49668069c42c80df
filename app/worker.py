"""The worker process: imports every stage's jobs, then runs the queue."""

import importlib
import importlib.util
import logging

import uvloop

from app.jobs import worker

# each stage that may have a jobs.py; the modules register their tasks when imported
STAGES = (
    "gateway",
    "projects.notifications",
    "examples",
    "datasets",
    "checks",
    "annotation",
    "annotation.assist",
    "annotation.assignments",
    "candidates.knowledge",
    "evals",
    "evals.playground",
    "evals.tries",
    "comparisons",
    "finetunes.preview",
    "finetunes",
    "finetunes.doctor",
)


def load_jobs() -> None:
    importlib.import_module("app.models")  # every table, so that foreign keys between the stages are known
    for stage in STAGES:
        if importlib.util.find_spec(f"app.{stage}.jobs"):
            importlib.import_module(f"app.{stage}.jobs")


def main(concurrency: int = 8) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    load_jobs()
    uvloop.run(worker.run(concurrency))
