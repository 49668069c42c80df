"""A variant as a kind of model batch: what is sent for an example, exactly as a run would send it for a case."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from app.annotation.assist.errors import NotSent
from app.annotation.assist.kinds import Kind, Taken
from app.annotation.assist.models import ModelBatch, ModelBatchItem
from app.candidates.few_shot import queries as few_shot
from app.candidates.few_shot import rules
from app.candidates.knowledge.rules import Found
from app.candidates.rules import request_of
from app.evals.playground import retrieving
from app.evals.playground.forms import VariantBatch
from app.evals.runner.asking import Asked, Case, request_body
from app.examples import queries as examples
from app.examples.models import Example, Revision
from app.examples.rules import prompt
from app.projects.models import Project

KEPT = ("system_prompt", "prompt_template", "parameters", "few_shot", "candidate_id", "trial_id")


def settings(new: VariantBatch, _project: Project) -> dict[str, Any]:
    return new.model_dump(include=set(KEPT), mode="json")


def request(session: Session, chosen: Mapping[str, Any], example: Example, content: Revision) -> dict[str, Any]:
    """Raises NotSent for an example with tools, and where a worked example may not be shown any more."""
    if content.tools:
        raise NotSent("The example calls tools: measure those in a run.")
    shots = [_shot(session, example, one[0], one[1]) for one in chosen["few_shot"]]
    searches = retrieving.searches_of(session, chosen.get("candidate_id"))
    asked = Asked("", chosen["system_prompt"], chosen["prompt_template"], chosen["parameters"], None, shots, searches)
    case = Case(example.id, [dict(message) for message in prompt(content.messages)], None)
    found: Sequence[Found] = ()
    if searches:
        words = request_of(case.messages)
        found = retrieving.for_example(session, chosen["trial_id"], searches, example.id, words)
    body = request_body(asked, case, found)
    del body["model"]  # the batch names it
    return body


def _shot(session: Session, example: Example, shown_id: str, revision: int) -> list[dict[str, Any]]:
    if shown_id == example.id:
        raise NotSent("The example stands among the worked ones: its answer would be shown.")
    if shown_id not in few_shot.named(session, example.project_id, [shown_id]):
        raise NotSent("A worked example was held out or taken back meanwhile: it is not shown any more.")
    turns = rules.turns(examples.revision(session, shown_id, revision).messages)
    if turns is None:
        raise NotSent("A worked example was erased: choose others.")
    return turns


def take(_session: Session, _batch: ModelBatch, _item: ModelBatchItem) -> Taken:
    """The answer stays where it is: it is for reading."""
    return Taken(1)


PLAYGROUND = Kind("playground", 1, VariantBatch, settings, request, take, retrieving.prepare)
