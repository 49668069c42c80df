"""Paid calls of three months, a budget, and traffic of eight weeks, for the pages of cost and traffic."""

from datetime import timedelta

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from app.core.clock import utcnow
from app.core.ids import new_id
from app.costs import service as costs
from app.costs.forms import NewBudget
from app.evals.models import EvalRun, Output
from app.gateway.models import PaidCall
from app.projects.access import Access
from app.traffic.models import TrafficItem
from app.traffic.rules import id_hash

WEEKS, A_WEEK = 8, 40


def costed(session: Session, access: Access, runs: list[EvalRun], provider_id: str) -> None:
    now, project_id = utcnow(), access.project.id
    costs.set_budget(session, access, NewBudget(monthly_limit=5.0, monthly_tasks=20_000))
    for number, run in enumerate(runs):
        session.execute(update(Output).where(Output.run_id == run.id).values(cost=0.004 / (number + 1)))
    for number, purpose in enumerate(("eval", "judge", "suggestions", "grader_try", "eval", "judge")):
        paid = {"state": "done", "cost": 0.75 + number / 10, "sent_at": now - timedelta(days=31 * (number // 2))}
        row = {"project_id": project_id, "provider_id": provider_id, "subject_id": new_id(), "item": "1"}
        session.add(PaidCall(**row, purpose=purpose, **paid))
    for week in range(WEEKS):
        for number in range(A_WEEK):
            refused = number < (15 if week == WEEKS - 1 else 3)
            session.add(
                TrafficItem(
                    project_id=project_id,
                    id_hash=id_hash(f"{week}-{number}"),
                    at=now - timedelta(weeks=WEEKS - week),
                    answer_characters=80 + number + (60 if week == WEEKS - 2 else 0),
                    behavior="refuse" if refused else "answer",
                    sampled=number < 3,
                )
            )
    session.flush()
    tagged = (
        "update examples set source = 'production', tags = array_append(tags, 'traffic') where id in "
        "(select id from examples where project_id = :project and split = 'train' and deleted_at is null limit 8)"
    )
    session.execute(text(tagged), {"project": project_id})
