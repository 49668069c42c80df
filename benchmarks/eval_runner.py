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

from app.datasets.models import TestSet
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


def go(stage: Stage, worker: "subprocess.Popen[bytes]", test_set: TestSet, at_a_time: int) -> EvalRun:
    """A run over all cases from its start to its end."""
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
    few, many = (factories.sealed_set(stage.session, stage.project, size) for size in (50, cases))
    worker = subprocess.Popen([sys.executable, "-m", "app.cli", "worker"], cwd=ROOT)
    try:
        process = psutil.Process(worker.pid)
        go(stage, worker, few, at_a_time)
        before, around = _cpu(process), _cpu_around(stage, process)
        run = go(stage, worker, many, at_a_time)
        cpu, beside = _cpu(process) - before, _cpu_around(stage, process) - around
        assert run.done == cases
        assert run.started_at is not None
        assert run.finished_at is not None
        last = stage.session.execute(
            text("select max(created_at) from outputs where run_id = :run"), {"run": run.id}
        ).scalar_one()
        wall = (run.finished_at - run.started_at).total_seconds()
        asked = (last - run.started_at).total_seconds()
        ideal = cases * latency / at_a_time
        print(f"{cases} cases, three graders, {at_a_time} at a time, {latency * 1000:g} ms: ideal {ideal:.2f} s")
        print(f"run {wall:.2f} s, ratio {wall / ideal:.2f} (asking {asked:.2f} s, then grading)")
        each = 1000 / cases
        print(f"CPU of the worker {cpu * each:.2f} ms a case, of Postgres and the endpoint {beside * each:.2f} ms")
        print(f"load {psutil.getloadavg()[0]:.1f} on {psutil.cpu_count()} cores")
        return wall / ideal
    finally:
        worker.terminate()
        worker.wait(30)


def _cpu(process: psutil.Process) -> float:
    """Seconds of a process and of its children that have ended."""
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def _cpu_around(stage: Stage, worker: psutil.Process) -> float:
    """Seconds of Postgres and of the endpoint, which share the cores with the worker."""
    backend = stage.session.execute(text("select pg_backend_pid()")).scalar_one()
    server = psutil.Process(backend).parent()
    assert server is not None
    beside = {server, *server.children(), *psutil.Process().children()} - {worker}
    return sum(_cpu(process) for process in beside)


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
