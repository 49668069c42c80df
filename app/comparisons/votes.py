"""What people preferred, blind: the votes of closed rounds between runs of the two candidates."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.comparisons.choice import RunPair
from app.comparisons.rules import Sides
from app.core.stats.preference import Vote, net_preference
from app.core.stats.results import Estimate
from app.preferences import queries
from app.preferences.cast import winner

BASELINE, CANDIDATE = "baseline", "candidate"


def preference(session: Session, project_id: str, pairs: Sequence[RunPair]) -> Sides | None:
    """Shares of the votes, ties half to each, and their difference; None without votes.

    The same arithmetic as on a round's own results: the votes on one case are one piece of evidence, and pairs that
    were the same word for word are ties.
    """
    sides = {one.baseline.id: BASELINE for one in pairs} | {one.candidate.id: CANDIDATE for one in pairs}
    votes: list[Vote] = []
    for round_ in queries.closed_between(session, project_id, [(one.baseline.id, one.candidate.id) for one in pairs]):
        for row in queries.cast_votes(session, round_.id):
            if not row.is_repeat:
                a, b = sides.get(row.run_a, ""), sides.get(row.run_b, "")
                chosen = winner(row.choice, row.a_is_left)
                votes.append(Vote(row.pair_id, a, b, chosen, row.reviewer_id, row.case_id))
        for pair_id, case_id, run_a, run_b in queries.identical_pairs(session, round_.id):
            votes.append(Vote(pair_id, sides.get(run_a, ""), sides.get(run_b, ""), "tie", group=case_id))
    net = net_preference(votes, CANDIDATE, BASELINE)
    if not net.n:
        return None
    low, rate, high = (None if x is None else (1 + x) / 2 for x in (net.low, net.difference, net.high))
    rest, rest_low, rest_high = (None if x is None else 1 - x for x in (rate, high, low))
    return Estimate(rest, rest_low, rest_high, net.n), Estimate(rate, low, high, net.n), net
