"""Votes from elsewhere as the results read all votes: see ``app/preferences/cast.py``."""

from typing import Any

from sqlalchemy.orm import Session

from app.preferences import cast
from app.preferences.imported import queries
from app.preferences.models import PreferenceRound


def of_import(session: Session, round_: PreferenceRound, *, reasons: bool = False) -> "cast.CastRound":
    """Sides are not known; whoever voted on one pair again, in either order, has a repeat there."""
    votes = [_vote(row) for row in queries.cast_votes(session, round_.id, reasons=reasons)]
    return cast.CastRound([name for name, _pairs in queries.candidates(session, round_.id)], votes, [])


def _vote(row: Any) -> "cast.CastVote":
    return cast.CastVote(
        pair=row.pair_id,
        case_id=row.case_id,
        prompt_key=row.prompt_key,
        a=row.candidate_a,
        b=row.candidate_b,
        winner=row.winner,
        reviewer=row.reviewer,
        reviewer_name=row.reviewer,
        a_is_left=None,
        is_repeat=row.nth > 1,
        rationale=row.rationale,
        criteria=dict(row.criteria),
        seconds=row.seconds,
        length_a=row.length_a,
        length_b=row.length_b,
        tags=tuple(row.tags),
    )
