"""Server time of the compare, the ship and the adviser's pages at 5,000 cases × 6 candidates, beside a bare aggregate
over the rows.

    python -m benchmarks.comparison_pages [cases] [candidates]        (default 5000 6)

A real `holdout web` process answers over loopback, one request at a time. "worked out" is the first opening of a pair
that nobody has prepared, with its bootstrap; the worker does that when a run ends, so that people meet the others.
"""

import random
import statistics
import sys
import time
from typing import Any

import psycopg
from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.core.clock import utcnow
from app.core.db import transaction
from app.core.ids import new_id
from benchmarks.fresh import fresh_database
from benchmarks.pages import World, ask, figures, make_world, web

ASKED = 40
SET = "Held out"
WORDS = ("refund", "invoice", "order", "plan", "seat", "login", "export", "price", "delay", "address", "quota")
GRADERS = [
    {"name": name, "metric": metric, "definition": {"type": "behavior", "name": name}, "pass_threshold": 1.0}
    for name, metric in (("right", "task_accuracy"), ("form", "format_validity"), ("behavior", "refusal_correctness"))
]
BEHAVIORS = ("answer", "answer", "answer", "refuse", "clarify", "escalate")
REFERENCE = """
select o.run_id, g.metric, count(*), avg(g.passed::int) from grades g join outputs o on o.id = g.output_id
where o.run_id = any(%s) group by 1, 2
"""


def fill(world: World, cases: int, candidates: int) -> list[str]:
    """One sealed set, and a finished run of each candidate with outputs and three grades each. Answers run ids."""
    from app.candidates.models import Baseline, Candidate

    rng = random.Random(5)
    with transaction() as session:
        rows = _cases(session, world, cases, rng)
        made = [Candidate(project_id=world.project_id, name=f"Candidate {n}", model="m") for n in range(candidates)]
        session.add_all(made)
        session.flush()
        session.add(Baseline(project_id=world.project_id, candidate_id=made[0].id))
        runs = [_run(session, world, one.id, rows, 0.55 + 0.03 * place, rng) for place, one in enumerate(made)]
    with psycopg.connect(world.dsn, autocommit=True) as connection:
        for table in ("test_cases", "outputs", "grades"):
            connection.execute(f"vacuum analyze {table}")
    return runs


def _cases(session: Session, world: World, cases: int, rng: random.Random) -> list[dict[str, Any]]:
    from app.datasets.models import TestCase, TestSet
    from app.datasets.near import service as near
    from app.examples.models import SplitAssignment

    test_set = TestSet(id=new_id(), project_id=world.project_id, name=SET, kind="task", size=cases)
    session.add(test_set)
    session.flush()
    units = [f"fp:{number:032x}" for number in range(cases)]
    sides = [{"project_id": world.project_id, "unit": unit, "split": "test"} for unit in units]
    session.execute(insert(SplitAssignment), sides)
    rows = [
        {
            "id": new_id(),
            "project_id": world.project_id,
            "test_set_id": test_set.id,
            "position": number,
            "messages": [{"role": "user", "content": f"Ticket {number}: {' '.join(rng.choices(WORDS, k=24))}"}],
            "expected": {"label": rng.choice(WORDS)},
            "behavior": rng.choice(BEHAVIORS),
            "tags": [rng.choice(WORDS), f"team-{number % 7}"],
            "fingerprint_unit": unit,
            "group_unit": unit,
            "content_hash": unit,
            "split": "test",
        }
        for number, unit in enumerate(units)
    ]
    session.execute(insert(TestCase), rows)
    near.bring_up_to_date(session, world.project_id)
    test_set.content_hash, test_set.sealed_at = "sha", utcnow()
    session.flush()
    return rows


def _run(
    session: Session, world: World, candidate_id: str, cases: list[dict[str, Any]], skill: float, rng: random.Random
) -> str:
    from app.evals.grading import metric_json
    from app.evals.models import EvalRun, Grade, Output
    from app.evals.rules import ScoredGrade, ScoredOutput, metrics

    run = EvalRun(
        project_id=world.project_id, candidate_id=candidate_id, test_set_id=cases[0]["test_set_id"], graders=GRADERS,
        status="succeeded", total=len(cases), done=len(cases), manifest_hash=new_id(), finished_at=utcnow(),
    )  # fmt: skip
    session.add(run)
    session.flush()
    outputs, grades, scored = [], [], []
    for case in cases:
        text = f"Answer to {case['position']}. " + "It will be looked after today. " * 8
        output = {"id": new_id(), "run_id": run.id, "case_id": case["id"], "status": "complete", "text": text}
        output |= {"latency_ms": rng.lognormvariate(6, 0.4), "cost": rng.lognormvariate(-7, 0.3)}
        outputs.append(output)
        passed = [rng.random() < skill, rng.random() < 0.97, rng.random() < 0.9]
        given = [(g["name"], g["metric"], ok) for g, ok in zip(GRADERS, passed, strict=True)]
        for name, metric, ok in given:
            seen = case["behavior"] if ok else "answer"
            detail = {"expected": case["behavior"], "observed": seen} if name == "behavior" else {}
            grade = {"output_id": output["id"], "grader": name, "metric": metric, "passed": ok, "score": float(ok)}
            grades.append(grade | {"reason": "as it was measured", "detail": detail})
        kept = [ScoredGrade(*one) for one in given]
        scored.append(ScoredOutput(case["id"], "complete", kept, 0, output["latency_ms"], output["cost"]))
    session.execute(insert(Output), outputs)
    session.execute(insert(Grade), grades)
    run.metrics = [metric_json(metric) for metric in metrics(scored)]
    return run.id


def measure(world: World, runs: list[str]) -> None:
    from app.evals.models import EvalRun

    with transaction() as session:
        by_run = {run: session.get_one(EvalRun, run).candidate_id for run in runs}
    _base, *others = [f"baseline={by_run[runs[0]]}&candidate={by_run[run]}" for run in runs]
    pages = {
        "compare": "/p/bench/compare?{}",
        "compare, one metric's losses": "/p/bench/compare?{}&metric=refusal_correctness&outcome=regression",
        "compare, one tag": "/p/bench/compare?{}&tag=refund&outcome=win",
        "decide": "/p/bench/decide?{}",
        "what to try next": "/p/bench/decide/adviser",
        "why cases failed": "/p/bench/decide/adviser/failures",
    }
    with web(world) as connection:
        worked_out = [ask(connection, world, pages["compare"].format(pair)) for pair in others]
    with web(world) as connection:
        first = ask(connection, world, pages["compare"].format(others[0]))
        asked = [
            (name, path.format(pair)) for name, path in pages.items() for pair in others for _ in range(ASKED // 5)
        ]
        random.Random(3).shuffle(asked)
        times: dict[str, list[float]] = {}
        for name, path in asked:
            times.setdefault(name, []).append(ask(connection, world, path))
    print(f"  worked out, once a pair       {statistics.median(worked_out):>8.0f} ms at the median")
    print(f"  first page of a new process   {first:>8.0f} ms")
    for name in pages:
        p50, p95 = figures(times[name])
        most = max(times[name])
        print(f"  {name:<29} {p50:>8.1f} ms p50 {p95:>8.1f} ms p95 {most:>8.1f} ms most    goal 200")
    print(f"  bare aggregate over the grades{bare(world, runs[:2]):>8.1f} ms at the median")


def bare(world: World, runs: list[str]) -> float:
    times = []
    with psycopg.connect(world.dsn) as connection:
        for _ in range(20):
            begun = time.perf_counter()
            connection.execute(REFERENCE, (runs,)).fetchall()
            times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


def main(cases: int, candidates: int) -> None:
    with fresh_database() as (dsn, _home):
        world = make_world(dsn)
        runs = fill(world, cases, candidates)
        print(f"{cases:,} cases × {candidates} candidates, three graders each")
        measure(world, runs)


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]] or [5_000, 6]
    main(given[0], given[1] if len(given) > 1 else 6)
