"""A judge's figures beside people's. They rest on the votes, so they exist only once the round is closed."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

from sqlalchemy.orm import Session

from app.preferences import cast
from app.preferences.judged import queries, rules
from app.preferences.judged.models import RoundJudge
from app.preferences.judged.rules import Beside, Side
from app.preferences.models import PreferenceRound


def of_closed(session: Session, round_: PreferenceRound, judge: RoundJudge) -> Beside:
    """Raises Conflict while the round is open."""
    votes = cast.of_closed(session, round_)
    said, names = queries.said(session, judge.id), _names(session, round_, votes.candidates)
    people: dict[str, dict[str, Side]] = defaultdict(dict)
    called = {vote.reviewer: vote.reviewer_name for vote in votes.votes}
    often = Counter(called.values())
    for vote in votes.votes:
        if not vote.is_repeat:
            own = called[vote.reviewer]
            people[own if often[own] == 1 else f"{own} ({vote.reviewer[-4:]})"][vote.pair] = rules.HUMAN[vote.winner]
    ordered = dict(sorted(people.items()))
    met = {frozenset(names[pair]) for pair in said}
    two = [(b, a) for a, b in combinations(votes.candidates, 2) if {a, b} in met or round_.source == "runs"]
    return rules.beside(said, names, two, ordered)


def _names(session: Session, round_: PreferenceRound, candidates: Sequence[str]) -> dict[str, tuple[str, str]]:
    """By pair the candidates a and b."""
    if round_.source == "import":
        return queries.imported_candidates(session, round_.id)
    name = dict(zip(round_.run_ids, candidates, strict=True))
    return {pair: (name[a], name[b]) for pair, (a, b) in queries.runs_of_pairs(session, round_.id).items()}


def as_json(found: Beside) -> dict[str, Any]:
    return {
        "pairs": found.pairs,
        "win_rates": [asdict(rate) for rate in found.win_rates],
        "order_consistency": asdict(found.consistency),
        "first_preferred": asdict(found.first),
        "agreement": {
            "majority": asdict(found.majority),
            "reviewers": [asdict(one) for one in found.people],
        },
    }
