"""What a candidate that searches is given for an example: searched in the worker before anything is sent, and kept."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.annotation.assist.errors import CannotStart
from app.annotation.assist.models import ModelBatch
from app.candidates.knowledge import queries as knowledge
from app.candidates.knowledge.embedding.vectors import NoVectors
from app.candidates.knowledge.pinning import Pinned, pinned
from app.candidates.knowledge.rules import Found
from app.candidates.models import Candidate
from app.candidates.rules import request_of
from app.core.db import transaction
from app.evals.playground import queries
from app.evals.playground.models import PlaygroundRetrieval
from app.examples.rules import prompt


def searches_of(session: Session, candidate_id: str | None) -> Pinned | None:
    """What the candidate of a trial searches."""
    return pinned(session, session.get_one(Candidate, candidate_id).retrieval) if candidate_id else None


def prepare(batch_id: str) -> None:
    """Search for every example of a batch that was not searched for in its trial. Raises CannotStart."""
    with transaction() as session:
        said = session.get_one(ModelBatch, batch_id).settings
        searches = searches_of(session, said.get("candidate_id"))
        known = of_trial(session, said["trial_id"]) if searches else {}
        asked = {
            example.id: request_of([dict(message) for message in prompt(content.messages)])
            for _item, example, content in queries.items(session, [batch_id])
            if example.id not in known
        }
    if searches is None or not asked:
        return
    try:
        searches.embed(list(asked.values()), batch_id)
        with transaction() as session:
            for example_id, request in asked.items():
                _keep(session, said["trial_id"], example_id, searches.find(session, request))
    except NoVectors as error:
        raise CannotStart(str(error)) from error


def _keep(session: Session, trial_id: str, example_id: str, found: Sequence[Found]) -> None:
    """Of two prompts that are asked at the same moment the first is kept: both find the same."""
    row = {
        "trial_id": trial_id,
        "example_id": example_id,
        "passage_ids": [one.passage_id for one in found],
        "scores": [one.score for one in found],
    }
    session.execute(insert(PlaygroundRetrieval).values(row).on_conflict_do_nothing())


def of_trial(session: Session, trial_id: str) -> dict[str, list[Found]]:
    """By example what was found for it; empty for a candidate that does not search."""
    rows = session.scalars(select(PlaygroundRetrieval).where(PlaygroundRetrieval.trial_id == trial_id)).all()
    passages = knowledge.shown(session, {passage_id for row in rows for passage_id in row.passage_ids})
    return {
        row.example_id: [
            Found(number, passage_id, *passages[passage_id], score)
            for number, (passage_id, score) in enumerate(zip(row.passage_ids, row.scores, strict=True), 1)
        ]
        for row in rows
    }


def for_example(session: Session, trial_id: str | None, searches: Pinned, example_id: str, request: str) -> list[Found]:
    """What was kept for it; before the worker has searched, and for estimates, what its words find."""
    kept = of_trial(session, trial_id).get(example_id) if trial_id else None
    return searches.by_words(session, request) if kept is None else kept
