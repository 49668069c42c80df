"""A project with examples, and a model to ask: a real HTTP server that answers what the test scripts."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.annotation.assist import runner, service
from app.annotation.assist.kinds import Kind
from app.annotation.assist.models import ModelBatch, ModelBatchItem
from app.annotation.variations.kind import VARIATIONS
from app.examples.models import Example
from app.gateway.models import PaidCall, Provider
from app.projects.access import Access
from app.projects.models import Project
from tests.doubles.provider import Double, running
from tests.evals.factories import provider
from tests.examples import factories
from tests.factories import Factory


def said(*requests: str, **more: Any) -> str:
    """What an obedient model writes."""
    return json.dumps({"variations": [{"request": request, **more} for request in requests]})


@dataclass
class Bench:
    session: Session
    project: Project
    user: User
    provider: Provider
    double: Double
    work: Callable[[], None]

    @property
    def access(self) -> Access:
        return Access(self.user, self.project, "engineer")

    def example(self, request: str, answer: str = "Yes.", status: str = "approved", **fields: Any) -> Example:
        row = factories.chat(request, answer, **fields)
        return factories.add(self.session, self.project, status=status, **row)

    def start(self, *examples: Example, kind: Kind = VARIATIONS, **fields: Any) -> ModelBatch:
        chosen = {"ids": [one.id for one in examples]}
        values = {"filter": chosen, "provider_id": self.provider.id, "model": "small"} | fields
        batch = service.start(self.session, self.access, kind, kind.form.model_validate(values))
        self.session.commit()
        return batch

    def run(self, *examples: Example, **fields: Any) -> ModelBatch:
        batch = self.start(*examples, **fields)
        self.work()
        return self.fresh(batch)

    def fresh(self, batch: ModelBatch) -> ModelBatch:
        self.session.rollback()
        self.session.expire_all()
        return self.session.get_one(ModelBatch, batch.id)

    def items(self, batch: ModelBatch) -> list[ModelBatchItem]:
        query = select(ModelBatchItem).where(ModelBatchItem.batch_id == batch.id)
        return list(self.session.scalars(query.order_by(ModelBatchItem.example_id)))

    def calls(self, batch: ModelBatch) -> list[PaidCall]:
        query = select(PaidCall).where(PaidCall.subject_id == batch.id).order_by(PaidCall.item, PaidCall.attempt)
        return list(self.session.scalars(query))

    def made(self) -> list[Example]:
        query = select(Example).where(Example.source == "synthetic", Example.project_id == self.project.id)
        return list(self.session.scalars(query.order_by(Example.number)))


@pytest.fixture
def bench(
    session: Session, factory: Factory, run_jobs: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bench]:
    monkeypatch.setattr("app.gateway.retrying.FIRST_WAIT", 0.01)
    monkeypatch.setattr(runner, "TAKE_OVER_SECONDS", 1.0)
    user = factory.user()
    project = factory.project(user)
    with running() as double:
        yield Bench(session, project, user, provider(session, double.base_url), double, run_jobs)
