"""An eval run while a fifth of the cases meet a fault, judged call by call against what the provider would have billed.

    python -m tests.faults.mixed_faults [--cases 5000] [--share 0.2] [--at-a-time 64] [--seed 1] [--stream]

Prints how the cases ended and the ledger beside the provider's journal; exits 1 if a case did not end in a typed state,
a call differs, or the sums do. Each kind of fault comes alike often; a faulty case is answered when it is tried again.
"""

import argparse
import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import text

from app.evals import service
from app.evals.models import EvalRun
from app.projects.access import Access
from tests.evals import factories
from tests.faults.stage import Stage, double, kill, set_up, start_worker

KINDS = ("429:0", "503", "500", "400", "html", "empty", "error_body", "length", "no_finish", "reset", "cut", "never")
STREAMED = ("429:0", "503", "500", "400", "html", "error_body", "no_finish", "no_usage", "no_done", "silent", "garbage")
STREAMED += ("stream_error", "break", "reset", "never")
PRICE = {"input": 1.0, "output": 2.0}  # dollars per million tokens
CALL_TIMEOUT = 3
TYPED = {"complete", "truncated", "failed", "unknown"}
CALLS = text("select id::text, state, cost::float8 from paid_calls where subject_id = :run")
CASES = text(r"""
select coalesce(o.status, 'unknown'), count(*) from test_cases c
left join outputs o on o.case_id = c.id and o.run_id = :run
where c.test_set_id = :set and (o.id is not null or exists (
  select from paid_calls p where p.subject_id = :run and p.item = c.id || '\:0' and p.state in ('unknown', 'accepted')))
group by 1
""")


@dataclass
class Found:
    """``ended``: cases by how they ended. Dollars by the ledger and by the journal. ``wrong``: what does not agree."""

    cases: int
    ended: dict[str, int]
    requests: int
    ledger: float
    journal: float
    seconds: float
    wrong: list[str] = field(default_factory=list)

    def line(self) -> str:
        ended = ", ".join(f"{count} {how}" for how, count in sorted(self.ended.items()))
        return (
            f"{self.cases} cases: {ended} · {self.requests} requests in {self.seconds:.1f} s · ledger "
            f"${self.ledger:.6f}, journal ${self.journal:.6f} · {len(self.wrong)} calls that differ"
        )


def scripted(cases: int, share: float, rng: random.Random, kinds: Sequence[str]) -> dict[str, list[str]]:
    """Faults by the text of the case that meets them."""
    chosen = rng.sample(range(cases), round(cases * share))
    return {f"question {number}.": [kinds[place % len(kinds)]] for place, number in enumerate(chosen)}


def run_to_its_end(stage: Stage, cases: int, at_a_time: int, stream: bool) -> EvalRun:
    """A run of so many cases; what stays unknown is shown for a decision, and accepted."""
    test_set = factories.sealed_set(stage.session, stage.project, cases)
    run = factories.start(
        stage.session,
        stage.user,
        stage.project,
        stage.candidate,
        test_set,
        concurrency=at_a_time,
        graders=[factories.LABEL],
        stream=stream,
    )
    worker = start_worker("app.cli", "worker")
    try:
        _wait(stage, run, worker)
        if run.status == "needs_decision":
            service.decide_unknown(stage.session, Access(stage.user, stage.project, "engineer"), run, "accept")
            stage.session.commit()
            _wait(stage, run, worker)
    finally:
        kill(worker)
    return run


def _wait(stage: Stage, run: EvalRun, worker: "subprocess.Popen[bytes]") -> None:
    while True:
        stage.session.rollback()
        stage.session.refresh(run)
        if run.status not in ("queued", "running"):
            return
        assert worker.poll() is None, "the worker died: its message is above"
        time.sleep(0.2)


def judged(stage: Stage, run: EvalRun, journal: Path, cases: int) -> Found:
    """The ledger against the journal, by the id that each request carries."""
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    asked = {line["call"]: line for line in lines if line["path"].endswith("/chat/completions")}
    calls = {row[0]: row for row in stage.session.execute(CALLS, {"run": run.id})}
    ended = {str(row[0]): int(row[1]) for row in stage.session.execute(CASES, {"run": run.id, "set": run.test_set_id})}
    took = 0.0
    if run.started_at and run.finished_at:
        took = (run.finished_at - run.started_at).total_seconds()
    billed = {call: dollars(line["usage"]) for call, line in asked.items() if line["usage"]}
    paid = {call: float(row[2]) for call, row in calls.items() if row[2] is not None}
    found = Found(cases, ended, len(asked), sum(paid.values()), sum(billed.values()), took)
    found.wrong = [f"call {one}: ledger {paid.get(one)}, journal {billed.get(one)}" for one in paid.keys() ^ billed]
    found.wrong += [
        f"call {one} costs {paid[one]}, not {billed[one]}" for one in paid.keys() & billed if off(paid, billed, one)
    ]
    found.wrong += [f"call {one} was sent and is not in the ledger" for one in asked.keys() - calls.keys()]
    found.wrong += [f"{cases - sum(ended.values())} cases have no end"] if sum(ended.values()) != cases else []
    found.wrong += [f"cases ended as {how}" for how in ended.keys() - TYPED]
    if Counter(line["call"] for line in lines).most_common(1)[0][1] > 1:
        found.wrong.append("a call was sent twice")
    return found


def off(paid: dict[str, float], billed: dict[str, float], call: str) -> bool:
    return abs(paid[call] - billed[call]) > 1e-9


def dollars(usage: dict[str, Any]) -> float:
    return float(usage["prompt_tokens"] * PRICE["input"] + usage["completion_tokens"] * PRICE["output"]) / 1e6


def experiment(cases: int, *, share: float = 0.2, at_a_time: int = 64, seed: int = 1, stream: bool = False) -> Found:
    with set_up("http://127.0.0.1:1/v1", at_a_time=at_a_time, call_timeout=CALL_TIMEOUT) as stage:
        journal, script = stage.home / "journal.jsonl", stage.home / "script.json"
        faults = scripted(cases, share, random.Random(seed), STREAMED if stream else KINDS)
        script.write_text(json.dumps({"default": "yes", "faults": faults}))
        with double("--journal", str(journal), "--script", str(script), "--latency", "0.01") as base_url:
            provider = factories.provider(stage.session, base_url, at_a_time=at_a_time)
            stage.candidate = factories.candidate(stage.session, stage.project, provider, price=PRICE)
            run = run_to_its_end(stage, cases, at_a_time, stream)
            assert run.status == "succeeded", (run.status, run.error)
            return judged(stage, run, journal, cases)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--share", type=float, default=0.2)
    parser.add_argument("--at-a-time", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stream", action="store_true", help="ask for the answers in pieces")
    found = experiment(**vars(parser.parse_args()))
    print(found.line())
    for problem in found.wrong[:50]:
        print(f"  {problem}")
    sys.exit(1 if found.wrong else 0)


if __name__ == "__main__":
    main()
