"""A sealed test set, a provider and a candidate, made of rows; runs are started through the service."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.candidates.models import Candidate
from app.core.clock import utcnow
from app.core.ids import new_id
from app.datasets.models import TestCase, TestSet
from app.datasets.near import service as near
from app.evals import service
from app.evals.forms import NewRun
from app.evals.models import EvalRun
from app.examples.models import SplitAssignment
from app.gateway import keys
from app.gateway.models import Provider
from app.projects.access import Access
from app.projects.models import Project

LABEL = {
    "type": "string_check",
    "name": "label",
    "operation": "eq",
    "input": "{{sample.output_text}}",
    "reference": "{{item.expected.label}}",
}


def sealed_set(
    session: Session,
    project: Project,
    size: int = 3,
    kind: str = "task",
    special: Mapping[int, Mapping[str, Any]] | None = None,
    **case: Any,
) -> TestSet:
    """Cases "question 0", "question 1", …, each with the label "yes" unless told otherwise; ``special`` by position."""
    test_set = TestSet(id=new_id(), project_id=project.id, name=f"Held out {new_id()[-6:]}", kind=kind, size=size)
    session.add(test_set)
    session.flush()
    units = [f"fp:{test_set.id}:{number}" for number in range(size)]
    session.execute(insert(SplitAssignment), [{"project_id": project.id, "unit": u, "split": "test"} for u in units])
    session.execute(
        insert(TestCase),
        [
            {
                "id": new_id(),
                "project_id": project.id,
                "test_set_id": test_set.id,
                "position": number,
                "messages": [{"role": "user", "content": f"question {number}."}],
                "expected": {"label": "yes"},
                "fingerprint_unit": unit,
                "group_unit": unit,
                "content_hash": unit,
                "split": "test",
            }
            | case
            | dict((special or {}).get(number, {}))
            for number, unit in enumerate(units)
        ],
    )
    session.flush()
    near.bring_up_to_date(session, test_set.project_id)
    test_set.content_hash, test_set.sealed_at = f"sha256-{test_set.id}", utcnow()
    session.commit()
    return test_set


def provider(session: Session, base_url: str, *, key: str = "sk-test-0123456789", at_a_time: int = 16) -> Provider:
    row = Provider(id=new_id(), name=f"Double {new_id()[-6:]}", base_url=base_url, max_concurrency=at_a_time, models=[])
    row.key_ciphertext = keys.encrypt(row.id, base_url, key)
    session.add(row)
    session.commit()
    return row


def candidate(session: Session, project: Project, provider: Provider, **fields: Any) -> Candidate:
    values: dict[str, Any] = {"name": f"candidate {new_id()[-6:]}", "model": "small", "price": None} | fields
    row = Candidate(project_id=project.id, provider_id=provider.id, **values)
    session.add(row)
    session.commit()
    return row


def start(
    session: Session, user: User, project: Project, candidate: Candidate, test_set: TestSet, **fields: Any
) -> EvalRun:
    values = {"candidate_id": candidate.id, "test_set_id": test_set.id, "graders": [LABEL]} | fields
    run = service.start(session, Access(user, project, "engineer"), NewRun.model_validate(values))
    session.commit()
    return run
