"""A batch of variations and one of suggestions in the filled world: half done, with something dropped and failed."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.annotation.assist import service
from app.annotation.assist.kinds import Kind
from app.annotation.assist.models import ModelBatch, ModelBatchItem, Suggestion
from app.annotation.suggestions.kind import SUGGESTIONS
from app.annotation.variations.kind import VARIATIONS
from app.examples.models import Example
from app.projects.access import Access


def assisted(session: Session, access: Access, provider_id: str) -> dict[str, str]:
    """The ids for the paths."""
    waiting = (Example.project_id == access.project.id, Example.split == "train", Example.status == "to_review")
    examples = session.scalars(select(Example).where(*waiting).order_by(Example.number).limit(6)).all()
    variations, suggestions = (_batch(session, access, kind, provider_id, examples) for kind in KINDS)
    for example in examples[:3]:
        row = {"project_id": access.project.id, "example_id": example.id, "revision": example.revision}
        reason = "The customer asks for money back that only a person may give."
        marks = {"behavior": "escalate", "answer": "I hand this to a colleague.", "score": 0.92, "reason": reason}
        session.add(Suggestion(**row, batch_id=suggestions.id, **marks))
    session.flush()
    return {"variations_id": variations.id, "suggestions_id": suggestions.id}


KINDS = (VARIATIONS, SUGGESTIONS)


def _batch(session: Session, access: Access, kind: Kind, provider_id: str, examples: list[Example]) -> ModelBatch:
    values = {"filter": {"ids": [one.id for one in examples]}, "provider_id": provider_id, "model": "gpt-4.1-mini"}
    batch = service.start(session, access, kind, kind.form.model_validate(values))
    batch.status, batch.done, batch.made, batch.failed, batch.cost = "succeeded", batch.total, 9, 1, 0.0123
    batch.dropped = {"in_test_set": 1, "near_duplicate": 2}
    items = session.scalars(select(ModelBatchItem).where(ModelBatchItem.batch_id == batch.id)).all()
    for item in items:
        item.state, item.made = "done", 3
    items[0].state, items[0].made, items[0].reason = "failed", 0, "The answer is not the JSON that was asked for."
    session.flush()
    return batch
