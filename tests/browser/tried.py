"""Two prompts that were tried in the playground of the filled world: answered, but for one that failed."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.annotation.assist.models import ModelBatchItem
from app.candidates.few_shot.forms import FewShot
from app.candidates.models import Candidate
from app.evals.playground import queries, service
from app.evals.playground.forms import NewTrial, Variant
from app.projects.access import Access

SECOND = "You are a concise support assistant. Ask for what you need before you promise anything."
ANSWERS = (
    "I can help with that. Please share the e-mail address of the account, and I will check the plan right away.",
    "Please share the e-mail address of the account. I will check the plan and tell you what is possible.",
)


def tried(session: Session, access: Access, provider_id: str) -> dict[str, str]:
    """The ids for the paths."""
    source = Candidate(
        project_id=access.project.id,
        name="Base with a prompt",
        provider_id=provider_id,
        model="small",
        system_prompt="You are a support assistant.",
        parameters={"temperature": 0, "max_tokens": 256},
    )
    session.add(source)
    session.flush()
    grader = {"type": "behavior", "name": "behavior"}
    variants = [
        Variant(system_prompt=source.system_prompt),
        Variant(system_prompt=SECOND, few_shot=FewShot(k=2, seed=3)),
    ]
    new = NewTrial(candidate_id=source.id, variants=variants, count=3, graders=[grader])
    trial = service.start(session, access, new)
    for batch, answer in zip(queries.batches(session, trial.id), ANSWERS, strict=True):
        items = session.scalars(select(ModelBatchItem).where(ModelBatchItem.batch_id == batch.id)).all()
        for item in items:
            item.state, item.made, item.answer = "done", 1, answer
            item.measured = {"latency_ms": 412.0, "input_tokens": 120, "output_tokens": 34, "cost": 0.00011}
        items[0].state, items[0].answer, items[0].reason = "failed", None, "No whole answer within 60 s."
        batch.status, batch.done, batch.made, batch.cost = "succeeded", batch.total, batch.total, 0.0003
    session.flush()
    return {"trial_id": trial.id}
