"""The demo project loads in seconds, cases unsealed, nothing measured."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.candidates.models import Candidate
from app.datasets.models import TestSet
from app.demo.load import load_demo
from app.evals.models import EvalRun
from app.examples.models import Example
from app.gateway import service as gateway
from tests.factories import Factory


def test_the_demo_project(session: Session, factory: Factory) -> None:
    gateway.seed(session)
    owner = factory.user(is_instance_admin=True)
    assert load_demo(owner.id) == "billing-support"
    assert load_demo(owner.id) == "billing-support-2"
    counts = dict(session.execute(select(Example.status, func.count()).group_by(Example.status)).all())
    assert counts["approved"] > 300
    assert counts["to_review"] > 40
    sets = session.execute(select(TestSet.name, TestSet.size, TestSet.sealed_at)).all()
    assert ("Billing held-out", 100, None) in sets
    assert ("Red team", 24, None) in sets
    assert session.scalar(select(func.count()).select_from(EvalRun)) == 0
    names = set(session.scalars(select(Candidate.name)))
    assert all(name.startswith("Base: ") for name in names)
