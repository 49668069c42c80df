"""How much the eval runner itself costs: wall against the ideal, and CPU per case.

    python -m benchmarks.eval_runner [--cases 5000] [--at-a-time 64] [--latency 0.05]

A fake endpoint answers after ``latency`` seconds, the worker is the real one, Postgres is real with fsync on, and
every output and its three grades are stored. The ideal is cases × latency ÷ at-a-time; the goal is a ratio of at most 2
(1.2 where a call takes half a second). The run's own time is from its start to its graded end, by the database's clock.
A small run goes first: what a worker loads for its first run is not counted.
"""

import argparse
import subprocess
import sys
import time

import psutil
from sqlalchemy import text

from app.evals.models import EvalRun
from tests.evals import factories
from tests.faults.stage import ROOT, Stage, double, set_up

GRADERS = [
    factories.LABEL,
    {
        "type": "text_similarity",
        "name": "near",
        "evaluation_metric": "fuzzy_match",
        "input": "{{sample.output_text}}",
        "reference": "{{item.expected.label}}",
    },
    {"type": "behavior", "name": "behaved"},
]


def go(stage: Stage, worker: "subprocess.Popen[bytes]", cases: int, at_a_time: int) -> EvalRun:
    """A run of so many cases from its start to its end."""
    test_set = factories.sealed_set(stage.session, stage.project, cases)
    run = factories.start(
        stage.session, stage.user, stage.project, stage.candidate, test_set, concurrency=at_a_time, graders=GRADERS
    )
    while run.status in ("queued", "running"):
        assert worker.poll() is None, "the worker died: its message is above"
        time.sleep(0.5)
        stage.session.rollback()
        stage.session.refresh(run)
    assert run.status == "succeeded", (run.status, run.error)
    return run


def measure(stage: Stage, cases: int, at_a_time: int, latency: float) -> float:
    worker = subprocess.Popen([sys.executable, "-m", "app.cli", "worker"], cwd=ROOT)
    try:
        process = psutil.Process(worker.pid)
        go(stage, worker, 50, at_a_time)
        before = process.cpu_times()
        run = go(stage, worker, cases, at_a_time)
        used = process.cpu_times()
        assert run.done == cases
        assert run.started_at is not None
        assert run.finished_at is not None
        last = stage.session.execute(
            text("select max(created_at) from outputs where run_id = :run"), {"run": run.id}
        ).scalar_one()
        wall = (run.finished_at - run.started_at).total_seconds()
        asked = (last - run.started_at).total_seconds()
        cpu = used.user + used.system - before.user - before.system
        ideal = cases * latency / at_a_time
        print(f"{cases} cases, three graders, {at_a_time} at a time, {latency * 1000:g} ms: ideal {ideal:.2f} s")
        print(f"run {wall:.2f} s, ratio {wall / ideal:.2f} (asking {asked:.2f} s, then grading)")
        print(f"CPU of the worker {cpu / cases * 1000:.2f} ms a case; load {psutil.getloadavg()[0]:.1f}")
        return wall / ideal
    finally:
        worker.terminate()
        worker.wait(30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--at-a-time", type=int, default=64)
    parser.add_argument("--latency", type=float, default=0.05)
    options = parser.parse_args()
    with (
        double("--latency", str(options.latency)) as base_url,
        set_up(base_url, at_a_time=options.at_a_time) as stage,
    ):
        ratio = measure(stage, options.cases, options.at_a_time, options.latency)
    sys.exit(0 if ratio <= 2.0 else 1)


if __name__ == "__main__":
    main()
