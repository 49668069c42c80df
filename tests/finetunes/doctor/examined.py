"""A fine-tune whose candidate and base have answered one sealed set, made of rows."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.candidates.models import Candidate
from app.datasets import versions
from app.datasets.models import TestCase
from app.evals.models import EvalRun, Output
from app.examples.forms import ExampleFilter
from app.finetunes.doctor import queries, service
from app.finetunes.doctor.models import Examination
from app.finetunes.models import FineTune
from app.projects.access import Access
from app.projects.models import Project
from tests.comparisons.factories import BEHAVIOR, Bench
from tests.examples.factories import add
from tests.factories import Factory
from tests.finetunes.factories import provider

LESSON = "Hello Marguerite, your order of the blue lamp was sent to the Lyon depot and arrives by post next week."
REQUEST = "Where is parcel {}?"


@dataclass
class Patient:
    bench: Bench
    user: User
    fine_tune: FineTune
    tuned: Candidate
    base: Candidate
    runs: tuple[EvalRun, EvalRun]

    @property
    def session(self) -> Session:
        return self.bench.session

    @property
    def project(self) -> Project:
        return self.bench.project

    @property
    def url(self) -> str:
        return f"/p/{self.project.slug}/fine-tunes/{self.fine_tune.id}/doctor"

    def examine(self) -> Examination:
        row = service.begin(self.session, Access(self.user, self.project, "admin"), self.fine_tune)
        self.session.commit()
        service.carry_out(row.id)
        self.session.rollback()
        found = queries.last_finished(self.session, self.fine_tune.id)
        assert found is not None
        return found


def patient(
    factory: Factory, says: Callable[[int], str] = lambda _n: LESSON, *, cases: int = 24, behavior: str | None = None
) -> Patient:
    """``says``: what the tuned model answers to each case; the training rows hold ``LESSON`` in most answers."""
    session, owner = factory.session, factory.user()
    project = factory.project(owner)
    for number in range(8):
        answer = LESSON if number < 6 else f"Parcel {number} of your order is ready to be collected at the shop."
        add(session, project, owner, "approved", request=REQUEST.format(number + 100), answer=answer)
    bench = Bench(session, project)
    bench.test_set(cases, behaviors=dict.fromkeys(range(cases), behavior) if behavior else None)
    version = versions.freeze(session, owner, project, "First", ExampleFilter())
    base, tuned = bench.candidate("Base", baseline=True), bench.candidate("Tuned", origin="fine_tune")
    graders = (BEHAVIOR,)
    runs = bench.run(base, [], graders=graders), bench.run(tuned, [], graders=graders)
    for case in session.query(TestCase).filter(TestCase.test_set_id == runs[1].test_set_id):
        said = update(Output).where(Output.run_id == runs[1].id, Output.case_id == case.id)
        session.execute(said.values(text=says(case.position)))
    fine_tune = FineTune(
        project_id=project.id, provider_id=provider(session, "http://127.0.0.1:9/v1", "local_engine").id,
        base_model="tiny", dataset_version_id=version.id, baseline_candidate_id=base.id, candidate_id=tuned.id,
        method="lora", hyperparameters={"n_epochs": 20}, launch_token=f"t-{project.id}", export_sha256="0" * 64,
        status="succeeded",
    )  # fmt: skip
    session.add(fine_tune)
    session.commit()
    return Patient(bench, owner, fine_tune, tuned, base, runs)
