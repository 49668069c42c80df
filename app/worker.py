"""The worker process: imports every stage's jobs, then runs the queue."""

import gc
import importlib
import importlib.util
import logging
import sys

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
    "candidates.knowledge.embedding",
    "evals",
    "evals.playground",
    "evals.tries",
    "comparisons",
    "preferences",
    "preferences.judged",
    "finetunes.preview",
    "finetunes",
    "finetunes.doctor",
)


# Calls are answered in the event loop while grading, say, goes on in a thread: it gets its turn after half a
# millisecond and not, as Python's default is, after five
SWITCH_SECONDS = 0.0005
# Python's collector looks for cycles every 700 objects, and now and then through all 300,000 of a worker: a quarter of
# the time between answers, and a quarter of a second in which none is read
COLLECT_AFTER = (20_000, 20, 20)


def load_jobs() -> None:
    importlib.import_module("app.models")  # every table, so that foreign keys between the stages are known
    for stage in STAGES:
        if importlib.util.find_spec(f"app.{stage}.jobs"):
            importlib.import_module(f"app.{stage}.jobs")


def main(concurrency: int = 8) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    load_jobs()
    gc.collect()
    gc.freeze()  # what is loaded stays for good
    gc.set_threshold(*COLLECT_AFTER)
    sys.setswitchinterval(SWITCH_SECONDS)
    uvloop.run(worker.run(concurrency))
