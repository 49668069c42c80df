"""A project with a model to ask, and runs of it from start to end."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.candidates.models import Candidate
from app.datasets.models import TestSet
from app.evals.models import EvalRun, Output
from app.evals.runner import job
from app.gateway.models import PaidCall
from app.projects.models import Project
from tests.doubles.provider import Double, running
from tests.evals import factories
from tests.factories import Factory


@pytest.fixture
def double() -> Iterator[Double]:
    with running() as double:
        double.script.default = "yes"
        yield double


@dataclass
class Bench:
    """Everything for a run; ``run`` starts one and works it off as the worker does."""

    session: Session
    project: Project
    user: User
    candidate: Candidate
    double: Double
    work: Callable[[], None]

    def test_set(self, size: int = 3, **fields: Any) -> TestSet:
        return factories.sealed_set(self.session, self.project, size, **fields)

    def start(self, size: int = 3, test_set: TestSet | None = None, **fields: Any) -> EvalRun:
        chosen = test_set or self.test_set(size)
        candidate = fields.pop("candidate", self.candidate)
        return factories.start(self.session, self.user, self.project, candidate, chosen, **fields)

    def run(self, size: int = 3, **fields: Any) -> EvalRun:
        run = self.start(size, **fields)
        self.work()
        return self.fresh(run)

    def fresh(self, run: EvalRun) -> EvalRun:
        self.session.rollback()
        self.session.expire_all()
        return self.session.get_one(EvalRun, run.id)

    def outputs(self, run: EvalRun) -> list[Output]:
        return list(self.session.scalars(select(Output).where(Output.run_id == run.id).order_by(Output.created_at)))

    def calls(self, run: EvalRun) -> list[PaidCall]:
        query = select(PaidCall).where(PaidCall.subject_id == run.id).order_by(PaidCall.item, PaidCall.attempt)
        return list(self.session.scalars(query))

    def queued_jobs(self) -> int:
        return int(
            self.session.execute(text("select count(*) from procrastinate_jobs where status = 'todo'")).scalar_one()
        )


@pytest.fixture
def bench(
    session: Session, factory: Factory, double: Double, run_jobs: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> Bench:
    monkeypatch.setattr("app.gateway.retrying.FIRST_WAIT", 0.01)
    monkeypatch.setattr(job, "TAKE_OVER_SECONDS", 1.0)
    user = factory.user()
    project = factory.project(user)
    candidate = factories.candidate(session, project, factories.provider(session, double.base_url))
    return Bench(session, project, user, candidate, double, run_jobs)
