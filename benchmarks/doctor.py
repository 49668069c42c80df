"""Does the doctor name what was planted? Models tuned badly on purpose, and one tuned well, through the whole product.

    python -m benchmarks.doctor --home DIR --only memorised|overconfident|outdated|control
    python -m benchmarks.doctor --home DIR --table

Each ``--only`` takes minutes: it makes a project of a made-up utility's rows (``doctor_cases``), tunes the small model
on the local engine, asks base and tuned model the sealed cases, has the doctor look, and leaves ``DIR/<name>.json``.
The web is left out; worker, engine, Postgres and rules are the product's. Exit status 1 where a planted failure is not
found, or the control is accused of any.

    memorised       30 rows, ten different answers three times each, 20 epochs
    overconfident   24 rows that all answer; the cases ask for questions, hand-overs and refusals
    outdated        24 rows with prices that the dated document has raised since
    control         48 rows that answer and hold back, as the cases do in other words about other places
"""

import argparse
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app.candidates import service as candidates
from app.candidates.forms import NewCandidate
from app.candidates.knowledge import service as knowledge
from app.candidates.knowledge.forms import NewCollection
from app.candidates.models import Candidate
from app.datasets import service as datasets
from app.datasets import upload, versions
from app.datasets.forms import NewTestSet
from app.datasets.models import TestSet
from app.evals.models import Output
from app.examples import service as examples
from app.examples.forms import ExampleFilter
from app.examples.import_service import new_upload
from app.finetunes import queries as tunes
from app.finetunes import service
from app.finetunes.doctor import packing, queries
from app.finetunes.doctor import service as doctor
from app.finetunes.doctor.findings import Finding
from app.finetunes.forms import NewFineTune
from app.finetunes.models import FineTune
from app.finetunes.rules import ENDED
from app.gateway.models import Provider
from app.projects.access import Access
from benchmarks.clinc150_lora import BASE, engine
from benchmarks.doctor_cases import SYSTEM, Plan, Row, plans
from tests.evals import factories
from tests.faults.stage import Stage, set_up, start_worker

BATCH, RATE, TOKENS = 8, 1e-3, 120
BEHAVED = [{"type": "behavior", "name": "behaved"}]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--only", choices=plans())
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    options.home.mkdir(parents=True, exist_ok=True)
    if options.only:
        found = prove(plans()[options.only], options.home / f"engine-{options.only}")
        (options.home / f"{options.only}.json").write_text(json.dumps(found, indent=1))
    return table(options.home) if options.table else 0


def prove(plan: Plan, home: Path) -> dict[str, Any]:
    """The findings, how long it took to train, and what the tuned model said."""
    # An hour for a call: on a machine with other work the small model is slow, and that is not what is proved.
    with engine(home) as client, set_up(str(client.base_url).rstrip("/"), at_a_time=8, call_timeout=3600) as stage:
        worker = start_worker("app.cli", "worker")
        try:
            return Proof(stage, worker).carry_out(plan)
        finally:
            worker.terminate()
            worker.wait(30)


class Proof:
    def __init__(self, stage: Stage, worker: "subprocess.Popen[bytes]") -> None:
        self.stage, self.session, self.worker = stage, stage.session, worker
        self.access = Access(stage.user, stage.project, "admin")
        self.provider = self.session.scalars(select(Provider)).one()
        self.provider.kind, self.provider.models = "local_engine", [{"id": BASE, "kind": "base"}]
        self.session.commit()

    def carry_out(self, plan: Plan) -> dict[str, Any]:
        test_set = self._test_set(plan.cases)
        if plan.document:
            self._document(plan.document)
        base = candidates.create(self.session, self.access, NewCandidate(
            name="Base", provider_id=self.provider.id, model=BASE, system_prompt=SYSTEM,
            parameters={"temperature": 0, "max_tokens": TOKENS},
        ))  # fmt: skip
        candidates.set_baseline(self.session, self.access, base.id)
        self.session.commit()
        self._asked(base, test_set)
        tuned = self._tuned(plan)
        candidate = self.session.get_one(Candidate, tuned.candidate_id)
        said = self._asked(candidate, test_set)
        row = doctor.begin(self.session, self.access, tuned)
        self.session.commit()
        self._wait(row, lambda: row.status not in queries.OPEN)
        events = [event.data for event in tunes.events(self.session, tuned.id, kind="metrics")]
        losses = [data["train_loss"] for data in events if data.get("train_loss") is not None]
        return {
            "findings": row.findings, "seconds": max(data["seconds"] for data in events), "losses": losses,
            "said": said, "rows": len(plan.rows), "epochs": plan.epochs,
        }  # fmt: skip

    def _test_set(self, cases: list[Row]) -> TestSet:
        draft = datasets.draft(self.session, self.stage.user, self.stage.project, NewTestSet(name="Held out")).test_set
        lines = [
            {"messages": [{"role": "user", "content": asked}], "expected": {"text": right, "behavior": what}}
            for asked, right, what in cases
        ]
        body = "\n".join(json.dumps(line) for line in lines).encode()
        report = upload.add_file(self.session, self.stage.user, draft, io.BytesIO(body), "cases.jsonl", len(body))
        assert report.added == len(cases), report
        sealed = datasets.seal(self.session, self.stage.user, self.stage.project.id, draft.id)
        self.session.commit()
        return sealed

    def _document(self, content: str) -> None:
        collection = knowledge.create(self.session, self.access, NewCollection(name="Tariffs"))
        path = new_upload()
        path.write_text(content)
        reading = knowledge.take_files(
            self.session, self.access, collection, [knowledge.File(path, "tariffs.md")], None
        )
        self.session.commit()
        self._wait(reading, lambda: reading.finished_at is not None)

    def _tuned(self, plan: Plan) -> FineTune:
        for asked, said, what in plan.rows:
            chat = [
                {"role": role, "content": text}
                for role, text in (("system", SYSTEM), ("user", asked), ("assistant", said))
            ]
            fields = {"messages": chat, "behavior": what}
            examples.add(self.session, self.stage.user, self.stage.project.id, fields, status="approved")
        self.session.commit()
        version = versions.freeze(self.session, self.stage.user, self.stage.project, "First", ExampleFilter())
        assert version.size == len(plan.rows), f"{version.size} rows were frozen"
        row = service.launch(self.session, self.access, NewFineTune.model_validate({
            "provider_id": self.provider.id, "base_model": BASE, "method": "lora", "dataset_version_id": version.id,
            "hyperparameters": {"n_epochs": plan.epochs, "batch_size": BATCH, "seed": 7,
                                "adapter": {"learning_rate": RATE}},
            "override_reason": "A proof of the doctor: what it has to find is planted.",
        }))  # fmt: skip
        self.session.commit()
        self._wait(row, lambda: row.status in ENDED)
        assert row.status == "succeeded", (row.status, row.error)
        return row

    def _asked(self, candidate: Candidate, test_set: TestSet) -> list[str | None]:
        """A run over the sealed cases; what was said."""
        run = factories.start(
            self.session, self.stage.user, self.stage.project, candidate, test_set, concurrency=8, graders=BEHAVED
        )
        self._wait(run, lambda: run.status not in ("queued", "running"))
        assert run.status == "succeeded", (run.status, run.error)
        return list(self.session.scalars(select(Output.text).where(Output.run_id == run.id).order_by(Output.id)))

    def _wait(self, row: Any, until: Callable[[], bool]) -> None:
        while not until():
            assert self.worker.poll() is None, "the worker died: its message is above"
            time.sleep(0.5)
            self.session.rollback()
            self.session.refresh(row)


def table(home: Path) -> int:
    """A line for each mode of each run; how many runs did not come out as they should."""
    wrong = 0
    for name, plan in plans().items():
        path = home / f"{name}.json"
        if not path.exists():
            print(f"{name}: not run")
            wrong += 1
            continue
        kept = json.loads(path.read_text())
        findings = packing.unpacked(kept["findings"] or [])
        good = judged(plan, findings)
        wrong += not good
        print(f"{name} ({kept['rows']} rows, {kept['epochs']} epochs, trained in {kept['seconds'] / 60:.1f} min): "
              + ("as it should be" if good else "WRONG"))  # fmt: skip
        for one in findings:
            mark = "→" if one.mode == plan.planted else " "
            print(f" {mark} {one.mode:20} {one.state:11} {one.sentence or one.missing}")
    return int(wrong > 0)


def judged(plan: Plan, findings: list[Finding]) -> bool:
    """What was planted is found; of the control nothing is."""
    found = {one.mode for one in findings if one.state == "found"}
    return plan.planted in found if plan.planted else not found


if __name__ == "__main__":
    sys.exit(main())
