"""Variations as a kind of model batch."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.annotation.assist import queries
from app.annotation.assist.errors import NotSent, Refused
from app.annotation.assist.forms import NewVariations
from app.annotation.assist.kinds import Kind, Taken
from app.annotation.assist.models import ModelBatch, ModelBatchItem
from app.annotation.variations import entering, prompts, reading
from app.examples import queries as examples
from app.examples.models import Example, Revision
from app.projects.models import Project

TEMPERATURE = 1.0  # sameness is what is not wanted here


def settings(new: NewVariations, _project: Project) -> dict[str, Any]:
    return new.model_dump(include={"each", "wishes", "languages", "answers"})


def request(_session: Session, chosen: Mapping[str, Any], example: Example, content: Revision) -> dict[str, Any]:
    """Raises NotSent for a request that is not plain text."""
    if not reading.can_be_varied(content.messages):
        raise NotSent("The request is not plain text, so it cannot be put in other words.")
    return {
        "messages": prompts.messages(content.messages, chosen),
        "temperature": TEMPERATURE,
        "max_tokens": prompts.most_tokens(example.request, example.answer, chosen),
    }


def take(session: Session, batch: ModelBatch, item: ModelBatchItem) -> Taken:
    """Variations enter as ``to_review``, marked synthetic, on the side of their seed, and with where they come from."""
    adapt = batch.settings["answers"] == "adapt"
    written = reading.read(item.answer or "", int(batch.settings["each"]), with_answer=adapt)
    seed = examples.get(session, batch.project_id, item.example_id)
    if seed.split != "train" or queries.held_out(session, batch.project_id, [seed.fingerprint_unit]):
        raise Refused("The example was held out for testing meanwhile: its variations were dropped.")
    content = examples.revision(session, seed.id, item.revision)
    fields = _fields(batch, seed, content, adapt)
    read = [reading.as_example(one, content.messages, fields, seed.group_unit) for one in written]
    usable = [one for one in read if one is not None]
    added, dropped = entering.enter(session, batch, item, seed, usable)
    return Taken(len(added), dropped + Counter(unusable=len(read) - len(usable)))


def _fields(batch: ModelBatch, seed: Example, content: Revision, adapt: bool) -> dict[str, Any]:
    """What a variation has of its seed. With an adapted answer, the old one is not what is expected any more."""
    expected = dict(content.expected or {})
    if adapt:
        expected = {name: value for name, value in expected.items() if name in ("label", "behavior")}
    source = {"variation_of": f"#{seed.number}", "written_by": batch.model, "prompt_version": batch.prompt_version}
    return {
        "tools": content.tools,
        "expected": expected or None,
        "behavior": None if expected.get("behavior") else content.behavior,
        "tags": content.tags,
        "metadata": content.extra | source,
    }


VARIATIONS = Kind("variations", prompts.VERSION, NewVariations, settings, request, take)
