"""kill -9 of the worker at random moments of eval runs, against a provider that journals what it would have billed.

    python -m tests.faults.kill_worker --kills 100 [--patient] [--judged] [--seed 1]

Two workers stand ready; the one that works on the run is killed and another is started. Now and then it is frozen
instead (SIGSTOP) until the other one has taken the run over, and then wakes up and tries to go on. Runs that end with
unknown calls are decided now one way, now the other. Prints kills / lost / doubled / unknown / median seconds to
resume; exits 1 unless lost and doubled are 0 and every unknown call was shown. ``--patient`` takes the worker's real
settings for when a worker is given up (about 12 s a kill) instead of the short ones, ``--judged`` has a judge grade
each output, so that workers die in the middle of judging too.
"""

import argparse
import json
import random
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import text

from app.evals import calls, service
from app.evals.models import EvalRun
from app.projects.access import Access
from tests.evals import factories
from tests.faults import oracle
from tests.faults.stage import Stage, double, kill, set_up, start_worker

SENDER = text("select worker from paid_calls where subject_id = :run and state = 'sent' order by sent_at desc limit 1")
LATEST = text("select max(sent_at) > :since from paid_calls where subject_id = :run")
NOW = text("select clock_timestamp()")
JUDGE = {
    "type": "score_model",
    "name": "judge",
    "model": "judge",
    "input": [{"role": "user", "content": "{{item.input}}\n{{sample.output_text}}"}],
}
FREEZE_SHARE = 0.1
UNDER_WAY = ("queued", "running")
LONGEST_WAIT = 120.0


@dataclass
class Tally:
    kills: int = 0
    freezes: int = 0
    runs: int = 0
    unknown: int = 0
    outputs: int = 0
    judgements: int = 0
    resumes: list[float] = field(default_factory=list)
    found: oracle.Found = field(default_factory=oracle.Found)

    def line(self) -> str:
        median = statistics.median(self.resumes) if self.resumes else 0.0
        lost, doubled, wrong = len(self.found.lost), len(self.found.doubled), len(self.found.wrong)
        return (
            f"kills {self.kills} · lost {lost} · doubled {doubled} · otherwise wrong {wrong} · "
            f"unknown, all shown, {self.unknown} · median seconds to resume {median:.1f} · "
            f"{self.runs} runs, {self.outputs} outputs, {self.judgements} judgements, "
            f"{self.freezes} workers frozen and woken"
        )


class Experiment:
    graders: Sequence[dict[str, Any]] = (factories.LABEL,)

    def __init__(self, stage: Stage, journal: Path, kills: int, rng: random.Random, command: list[str]) -> None:
        self.stage, self.journal, self.kills, self.rng, self.command = stage, journal, kills, rng, command
        self.tally = Tally()
        self.workers: list[subprocess.Popen[bytes]] = []
        self.access = Access(stage.user, stage.project, "engineer")

    def go(self, cases: int) -> Tally:
        self.workers = [start_worker(*self.command) for _ in range(2)]
        try:
            while self.tally.kills < self.kills:
                self.one_run(cases)
        finally:
            for worker in self.workers:
                kill(worker)
        return self.tally

    def one_run(self, cases: int) -> None:
        session = self.stage.session
        test_set = factories.sealed_set(session, self.stage.project, cases)
        stage, how = self.stage, {"concurrency": 16, "graders": list(self.graders)}
        run = factories.start(session, stage.user, stage.project, stage.candidate, test_set, **how)
        seen = oracle.Acknowledged()
        while True:
            self.until_it_ends(run, seen)
            shown = calls.unknown(session, run.id).count
            assert (run.status == "needs_decision") == (shown > 0), (run.status, shown)
            if not shown:
                break
            self.tally.unknown += shown
            service.decide_unknown(session, self.access, run, self.rng.choice(["accept", "resend"]))
            session.commit()
        assert run.status == "succeeded", (run.status, run.error)
        assert run.done == run.total
        assert run.done + run.judge_done == seen.look(session, run.id)
        assert run.judge_done == run.judge_total
        found = oracle.check(session, run.id, self.journal, seen)
        for name in ("lost", "doubled", "wrong"):
            getattr(self.tally.found, name).extend(getattr(found, name))
        self.tally.runs += 1
        self.tally.outputs += run.done
        self.tally.judgements += run.judge_done

    def until_it_ends(self, run: EvalRun, seen: oracle.Acknowledged) -> None:
        """Kill the worker that sends, again and again, each time after it has got going."""
        deadline = time.monotonic() + LONGEST_WAIT
        while time.monotonic() < deadline:
            pause = time.monotonic() + self.rng.uniform(0.0, 1.0)
            while time.monotonic() < pause:
                seen.look(self.stage.session, run.id)
                time.sleep(0.02)
            if not self.under_way(run):
                return
            if self.tally.kills < self.kills and self.disturb_sender(run, seen):
                deadline = time.monotonic() + LONGEST_WAIT
        raise AssertionError(f"the run did not end: {run.status}, {run.done} of {run.total}")

    def under_way(self, run: EvalRun) -> bool:
        self.stage.session.rollback()
        self.stage.session.refresh(run)
        return run.status in UNDER_WAY

    def disturb_sender(self, run: EvalRun, seen: oracle.Acknowledged) -> bool:
        """Kill or freeze the worker that sent last, and wait until the run goes on. False if it cannot be found."""
        sender = self.stage.session.execute(SENDER, {"run": run.id}).scalar()
        self.stage.session.rollback()
        victim = next((w for w in self.workers if sender and f":{w.pid}:" in sender), None)
        if victim is None:
            return False
        if self.rng.random() < FREEZE_SHARE:
            victim.send_signal(signal.SIGSTOP)
            self.wait_for_resume(run, seen)
            victim.send_signal(signal.SIGCONT)
            self.tally.freezes += 1
        else:
            kill(victim)
            self.workers[self.workers.index(victim)] = start_worker(*self.command)
            self.wait_for_resume(run, seen)
            self.tally.kills += 1
        return True

    def wait_for_resume(self, run: EvalRun, seen: oracle.Acknowledged) -> None:
        seen.look(self.stage.session, run.id)
        since = self.stage.session.execute(NOW).scalar()
        began = time.monotonic()
        while time.monotonic() < began + LONGEST_WAIT:
            seen.look(self.stage.session, run.id)
            going = self.stage.session.execute(LATEST, {"run": run.id, "since": since}).scalar()
            if going or not self.under_way(run):
                self.tally.resumes.append(time.monotonic() - began)
                return
            time.sleep(0.05)
        raise AssertionError("nobody took the run over")


def experiment(kills: int, *, cases: int = 400, seed: int = 1, patient: bool = False, judged: bool = False) -> Tally:
    """The whole experiment with processes of its own."""
    rng = random.Random(seed)
    command = ["app.cli", "worker"] if patient else ["tests.faults.worker"]
    with set_up("http://127.0.0.1:1/v1", at_a_time=16, call_timeout=20) as stage:
        journal, script = stage.home / "journal.jsonl", stage.home / "script.json"
        faults = {"question 7.": ["429:0", "503"], "question 11.": ["500"], "question 13.": ["reset"]}
        script.write_text(json.dumps({"default": "yes", "faults": faults, "judges": {"judge": "steady"}}))
        with double("--journal", str(journal), "--script", str(script), "--latency", "0.08") as base_url:
            provider = factories.provider(stage.session, base_url)
            stage.candidate = factories.candidate(stage.session, stage.project, provider)
            going = Experiment(stage, journal, kills, rng, command)
            if judged:
                going.graders = [factories.LABEL, JUDGE | {"provider": provider.id}]
            return going.go(cases)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--cases", type=int, default=400, help="cases of each run")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patient", action="store_true")
    parser.add_argument("--judged", action="store_true")
    options = parser.parse_args()
    tally = experiment(
        options.kills, cases=options.cases, seed=options.seed, patient=options.patient, judged=options.judged
    )
    print(tally.line())
    for problem in (*tally.found.lost, *tally.found.doubled, *tally.found.wrong):
        print(f"  {problem}")
    sys.exit(1 if tally.found.lost or tally.found.doubled or tally.found.wrong else 0)


if __name__ == "__main__":
    main()
