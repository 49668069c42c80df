"""Suggestions as a kind of model batch."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.annotation.assist.errors import Refused
from app.annotation.assist.forms import NewSuggestions
from app.annotation.assist.kinds import Kind, Taken
from app.annotation.assist.models import ModelBatch, ModelBatchItem, Suggestion
from app.annotation.suggestions import prompts, reading
from app.core.errors import Invalid
from app.examples import queries as examples
from app.examples.models import Example, Revision
from app.examples.rules import answer_index, text_of
from app.projects.models import Project


def settings(new: NewSuggestions, project: Project) -> dict[str, Any]:
    """The project's labels and guideline as they stand go with the batch, so that it can be told what was asked."""
    labels = [str(label) for label in project.labels]
    if "label" in new.wants and not labels:
        raise Invalid.field("wants", "This project has no labels that a model could choose from.")
    return {"wants": new.wants, "labels": labels, "guideline": project.guideline[: prompts.MOST_GUIDELINE]}


def request(_session: Session, chosen: Mapping[str, Any], example: Example, content: Revision) -> dict[str, Any]:
    wants = chosen["wants"]
    return {
        "messages": prompts.messages(content.messages, wants, chosen["labels"], chosen["guideline"]),
        "temperature": 0.0,
        "max_tokens": prompts.most_tokens(example.answer, wants),
    }


def take(session: Session, batch: ModelBatch, item: ModelBatchItem) -> Taken:
    """One suggestion for the revision that was sent; an example that was edited meanwhile gets none."""
    example = examples.get(session, batch.project_id, item.example_id)
    if example.revision != item.revision:
        raise Refused("The example was edited meanwhile: the suggestion was for an older revision.")
    content = examples.revision(session, example.id, item.revision)
    wants, labels = batch.settings["wants"], batch.settings["labels"]
    found = reading.read(item.answer or "", wants, labels, target_text(content.messages))
    row = {"project_id": batch.project_id, "example_id": example.id, "revision": item.revision, "batch_id": batch.id}
    session.add(Suggestion(**row, **vars(found)))
    session.flush()
    return Taken(1)


def target_text(messages: list[Any]) -> str | None:
    """The target answer as text, None where there is none."""
    end = answer_index(messages)
    return text_of(messages[end].get("content")) if end is not None else None


SUGGESTIONS = Kind("suggestions", prompts.VERSION, NewSuggestions, settings, request, take)
