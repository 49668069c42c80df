"""Which ballots come first in an adaptive round. System code: voters never read any of it.

Every ``EVERY`` votes a job draws the order of the ballots that nobody voted on yet anew: at random, with weights that
grow with the doubt about which of a pair's two candidates is the stronger. Given the votes and the round's seed it is
always the same order.
"""

import hashlib
from collections.abc import Mapping, Sequence
from math import log

import orjson
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session, aliased

from app.core.stats.doubt import order_doubt
from app.evals.models import Output
from app.preferences import cast
from app.preferences.models import Ballot, BallotPair, Pair, PreferenceRound, Vote

EVERY = 10  # votes between two drawings
FLOOR = 0.02  # of the weight: what seems settled is still asked about now and then
Two = tuple[str, str]  # runs of a pair's outputs a and b

SET = text("""
update ballots b set urgency = x.urgency
from jsonb_to_recordset(cast(:rows as jsonb)) as x(id uuid, urgency double precision)
where b.id = x.id and not exists (select from votes v where v.ballot_id = b.id)
""")


def urgency(seed: int, votes: int, reviewer: str, position: int, weight: float) -> float:
    """Efraimidis & Spirakis (2006), Information Processing Letters 97, 181–185: with −ln(u)/w as keys, the smallest
    first, items come in the order of a weighted drawing without replacement. u in (0, 1) is a hash."""
    digest = hashlib.sha256(f"{seed}:{votes}:{reviewer}:{position}".encode()).digest()
    u = (int.from_bytes(digest[:7], "big") + 1) / (2**56 + 2)
    return -log(u) / max(weight, FLOOR)


def order_anew(session: Session, round_: PreferenceRound) -> bool:
    """False where too few votes came in since the last time, or the round is even or closed."""
    count = session.scalar(select(func.count()).select_from(Vote).where(Vote.round_id == round_.id)) or 0
    if round_.order != "adaptive" or round_.closed_at is not None or count // EVERY <= round_.ordered_at // EVERY:
        return False
    doubts = order_doubt(_votes(session, round_.id))
    first, second = aliased(Output), aliased(Output)
    rows = session.execute(
        select(Ballot.id, Ballot.reviewer_id, Ballot.position, BallotPair.is_repeat, first.run_id, second.run_id)
        .join(BallotPair, BallotPair.ballot_id == Ballot.id)
        .join(Pair, Pair.id == BallotPair.pair_id)
        .join(first, first.id == Pair.output_a_id)
        .join(second, second.id == Pair.output_b_id)
        .outerjoin(Vote, Vote.ballot_id == Ballot.id)
        .where(Ballot.round_id == round_.id, Vote.ballot_id.is_(None))
    ).all()
    keys = [_key(round_.seed, count, doubts, row) for row in rows]
    session.execute(SET, {"rows": orjson.dumps(keys).decode()})
    where = (PreferenceRound.id == round_.id, PreferenceRound.closed_at.is_(None))
    session.execute(update(PreferenceRound).where(*where).values(ordered_at=count))
    return True


def _key(seed: int, votes: int, doubts: Mapping[Two, float], row: Sequence[object]) -> dict[str, object]:
    ballot_id, reviewer, position, is_repeat, run_a, run_b = row
    two = (str(run_a), str(run_b))
    weight = doubts.get(two, doubts.get((two[1], two[0]), 0.5))
    drawn = urgency(seed, votes, str(reviewer), int(str(position)), weight)
    return {"id": ballot_id, "urgency": drawn + (1e9 if is_repeat else 0.0)}  # repeats stay last


def _votes(session: Session, round_id: str) -> list[tuple[str, str, float]]:
    """(run a, run b, score of a) of each vote so far."""
    first, second = aliased(Output), aliased(Output)
    rows = session.execute(
        select(Vote.choice, Ballot.a_is_left, first.run_id, second.run_id)
        .join(Ballot, Ballot.id == Vote.ballot_id)
        .join(BallotPair, BallotPair.ballot_id == Ballot.id)
        .join(Pair, Pair.id == BallotPair.pair_id)
        .join(first, first.id == Pair.output_a_id)
        .join(second, second.id == Pair.output_b_id)
        .where(Vote.round_id == round_id, BallotPair.is_repeat.is_(False))
    )
    score = {"a": 1.0, "b": 0.0, "tie": 0.5, "both_bad": 0.5}
    return [(a, b, score[cast.winner(choice, left)]) for choice, left, a, b in rows]
