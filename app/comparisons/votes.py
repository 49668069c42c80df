"""What people preferred, blind: the votes of closed rounds between runs of the two candidates."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.comparisons.choice import RunPair
from app.comparisons.rules import Sides
from app.core.stats.paired import paired_difference
from app.core.stats.preference import SCORE
from app.core.stats.results import Estimate
from app.preferences import queries, results


def preference(session: Session, project_id: str, pairs: Sequence[RunPair]) -> Sides | None:
    """Shares of the votes, ties half to each, and their difference; None without votes.

    Wins and losses are the gains and losses of a paired difference, several votes on a pair one piece of evidence;
    pairs that were the same word for word are ties. The difference is twice the distance of the win rate from a half.
    """
    scores: list[float] = []
    of_pair: list[str] = []
    for round_ in queries.closed_between(session, project_id, [(one.baseline.id, one.candidate.id) for one in pairs]):
        candidates = {pair.candidate.id for pair in pairs}
        both = candidates | {pair.baseline.id for pair in pairs}
        for row in queries.cast_votes(session, round_.id):
            if row.is_repeat or {row.run_a, row.run_b} - both:
                continue
            score = SCORE[results.winner(row.choice, row.a_is_left)]
            scores.append(score if row.run_a in candidates else 1 - score)
            of_pair.append(row.pair_id)
        for pair_id, _case, run_a, run_b in queries.identical_pairs(session, round_.id):
            if not {run_a, run_b} - both:
                scores.append(0.5)
                of_pair.append(pair_id)
    if not scores:
        return None
    net = paired_difference([float(s == 0) for s in scores], [float(s == 1) for s in scores], of_pair)
    low, rate, high = (None if x is None else (1 + x) / 2 for x in (net.low, net.difference, net.high))
    rest, rest_low, rest_high = (None if x is None else 1 - x for x in (rate, high, low))
    n = len(scores)
    return Estimate(rest, rest_low, rest_high, n), Estimate(rate, low, high, n), net
