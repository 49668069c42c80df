"""Measure the checklist, and sign its points."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.checks import look
from app.checks.readiness import coverage, queries, rules, signing, sizes
from app.checks.readiness.coverage import Covered
from app.checks.readiness.facts import Facts
from app.checks.readiness.forms import NewSignOff
from app.checks.readiness.items import Item
from app.checks.readiness.sizes import Size
from app.core.errors import Conflict, Forbidden
from app.core.ids import new_id
from app.datasets.near import service as near
from app.projects.access import Access
from app.projects.models import Project

VERBS = {"sign": "sign-off", "not_needed": "waive", "withdraw": "withdraw"}


@dataclass(frozen=True)
class Checklist:
    facts: Facts
    items: list[Item]
    size: Size
    behaviors: list[Covered]
    tags: list[Covered]

    @property
    def ready(self) -> bool:
        return rules.ready(self.items)

    @property
    def passed(self) -> int:
        return rules.passed(self.items)


def checklist(session: Session, project: Project) -> Checklist:
    facts = measure(session, project)
    return Checklist(
        facts=facts,
        items=rules.judge(facts),
        size=sizes.size(project.goal, facts.approved, facts.labels, facts.by_label, facts.reviewed),
        behaviors=coverage.behaviors(facts.by_behavior, facts.test_behaviors),
        tags=coverage.tags(facts.by_tag, facts.test_tags),
    )


def measure(session: Session, project: Project) -> Facts:
    """Everything that the points are judged on, as it stands now."""
    approved, behaviors, sources = queries.counted(session, project.id)
    found, kinds = queries.findings(session, project.id)
    sealed_sets, sealed_cases, draft_cases = queries.sets(session, project.id)
    labels = [str(label) for label in project.labels]
    return Facts(
        goal=project.goal,
        approved=approved,
        to_review=queries.to_review(session, project.id),
        labels=labels,
        by_behavior=behaviors,
        by_source=sources,
        by_tag=queries.tags(session, project.id),
        by_label=queries.labels(session, project.id, labels) if project.goal == "classification" else {},
        reviewed=queries.reviewed(session, project.id) if project.goal == "complex_domain" else None,
        findings=found,
        with_findings=kinds,
        unscanned=queries.unscanned(session, project.id, look.stamp(look.setting_of(session, project))),
        not_compared=near.unscanned(session, project.id),
        sealed_sets=sealed_sets,
        sealed_cases=sealed_cases,
        draft_cases=draft_cases,
        test_behaviors=queries.test_behaviors(session, project.id),
        test_tags=queries.test_tags(session, project.id),
        signed=queries.signatures(session, project.id),
    )


def sign_off(session: Session, access: Access, new: NewSignOff) -> None:
    """Put the person's name to a point. Raises Forbidden without the permission, Conflict where nothing is approved.

    What it rests on (each approved training example with its revision) is stored with it.
    """
    if not access.may_sign_off:
        raise Forbidden("Signing off needs the permission to sign off; an admin of the project gives it to members.")
    approved, _behaviors, _sources = queries.counted(session, access.project.id)
    if new.action == "sign" and not approved:
        raise Conflict("There is no approved example to sign for yet.")
    queries.sign(
        session,
        id=new_id(),
        p=access.project.id,
        item=new.item,
        action=new.action,
        note=new.note,
        user=access.user.id,
        sample=new.sample_ids,
    )
    facts = {"name": new.item.replace("_", " "), "do": new.action, "approved": approved}
    actor, project_id = access.user.id, access.project.id
    record(session, VERBS[new.action], "checklist point", None, actor_id=actor, project_id=project_id, **facts)


def sample(session: Session, project: Project, seed: int) -> list[str]:
    """Ids of the examples to read before signing."""
    return queries.sample(session, project.id, seed, signing.SAMPLE)
