"""The votes of a closed round, with the way back from ballots to candidates: the one place that reads it.

Everything that counts votes starts here, so that no count can exist before the close.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.core.errors import Conflict
from app.core.stats.preference import Winner
from app.preferences import queries
from app.preferences.models import PreferenceRound


@dataclass(frozen=True)
class CastVote:
    """One vote. ``a`` and ``b`` name the candidates in the pair's own order; ``prompt_key`` is the same for all pairs
    of one case. ``a_is_left`` is None where the sides are not known; lengths are characters of the two outputs."""

    pair: str
    case_id: str | None
    prompt_key: str
    a: str
    b: str
    winner: Winner
    reviewer: str
    reviewer_name: str
    a_is_left: bool | None
    is_repeat: bool
    rationale: str
    criteria: dict[str, str]  # criterion → 'a', 'b' or 'tie'
    seconds: float | None
    length_a: int | None
    length_b: int | None
    tags: tuple[str, ...]


@dataclass(frozen=True)
class CastRound:
    """``identical``: (pair, case, a, b) of pairs that are the same word for word, which count as ties unseen."""

    candidates: list[str]
    votes: list[CastVote]
    identical: list[tuple[str, str | None, str, str]]


def of_closed(session: Session, round_: PreferenceRound, *, reasons: bool = False) -> CastRound:
    """In the order in which they were cast; ``reasons``: only those with a rationale. Conflict while it is open."""
    if round_.closed_at is None:
        raise Conflict("The round is still open: results exist once it is closed.")
    if round_.source == "import":
        from app.preferences.imported.cast import of_import

        return of_import(session, round_, reasons=reasons)
    names = _names(session, round_)
    votes = [_vote(row, names) for row in queries.cast_votes(session, round_.id, reasons=reasons)]
    same: list[tuple[str, str | None, str, str]] = [
        (pair, case, names[a], names[b]) for pair, case, a, b in queries.identical_pairs(session, round_.id)
    ]
    return CastRound([names[run] for run in round_.run_ids], votes, same)


def winner(choice: str, a_is_left: bool) -> Winner:
    """A choice of a side as a choice of an output."""
    if choice in ("tie", "both_bad"):
        return "tie" if choice == "tie" else "both_bad"
    return "a" if (choice == "left") == a_is_left else "b"


def by_output(side: str, a_is_left: bool) -> str:
    """A side, or a tie, as the output that stood there."""
    return side if side == "tie" else ("a" if (side == "left") == a_is_left else "b")


def _names(session: Session, round_: PreferenceRound) -> dict[str, str]:
    """A name by run; two runs of one candidate are told apart by the run's number."""
    found = queries.candidate_names(session, round_.run_ids)
    often = Counter(name for name, _number in found.values())
    return {run: f"{name} (run {number})" if often[name] > 1 else name for run, (name, number) in found.items()}


def _vote(row: Any, names: dict[str, str]) -> CastVote:
    return CastVote(
        pair=row.pair_id,
        case_id=row.case_id,
        prompt_key=row.case_id,
        a=names[row.run_a],
        b=names[row.run_b],
        winner=winner(row.choice, row.a_is_left),
        reviewer=row.reviewer_id,
        reviewer_name=row.reviewer_name,
        a_is_left=row.a_is_left,
        is_repeat=row.is_repeat,
        rationale=row.rationale,
        criteria={name: by_output(side, row.a_is_left) for name, side in row.criteria.items()},
        seconds=row.seconds,
        length_a=row.length_a,
        length_b=row.length_b,
        tags=tuple(row.tags),
    )
