"""What the cases of a round are cut by: tag, expected behaviour, language and length of the request."""

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.datasets.models import TestCase
from app.evals.lengths import length_labels
from app.examples.rules import text_of
from app.preferences.cast import CastVote
from app.preferences.results.parts import Label
from app.web.language import lang_of


def of_votes(session: Session, votes: Sequence[CastVote]) -> dict[str, list[Label]]:
    """By prompt key. Votes from elsewhere have the tags they came with and nothing else."""
    found: dict[str, list[Label]] = {vote.prompt_key: [("tag", tag) for tag in vote.tags] for vote in votes}
    lengths = {}
    for case_id, messages, behavior, source in _cases(session, {vote.case_id for vote in votes if vote.case_id}):
        asked = next((text_of(m.get("content")) for m in reversed(messages) if m.get("role") == "user"), "")
        mine = found.setdefault(case_id, [])
        mine += [("behavior", behavior)] if behavior else []
        mine += [("source", source)] if source else []
        language = lang_of(asked)
        mine += [("language", language)] if language else []
        lengths[case_id] = len(asked)
    for case_id, label in length_labels(lengths).items():
        found[case_id].append(("length", label))
    return found


def _cases(session: Session, ids: Iterable[str]) -> list[tuple[str, list[dict[str, object]], str | None, str | None]]:
    rows = session.execute(
        select(TestCase.id, TestCase.messages, TestCase.behavior, TestCase.extra["source"].astext).where(
            TestCase.id.in_(list(ids))
        )
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]
