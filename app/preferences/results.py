"""What a closed round shows. Reads the way back from ballots to candidates, so it refuses while the round is open."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from sqlalchemy.orm import Session

from app.core.errors import Conflict
from app.core.stats import agreement, preference
from app.core.stats.preference import Ranked, SideBias, Winner, WinRate
from app.core.stats.results import Estimate
from app.core.stats.seeds import generator
from app.preferences import queries, wording
from app.preferences.models import PreferenceRound


@dataclass(frozen=True)
class ReviewerRow:
    id: str
    name: str
    votes: int
    total: int
    median_seconds: float | None


@dataclass(frozen=True)
class Rationale:
    text: str
    choice: str  # the candidate's name, 'tie' or 'both bad'
    case_id: str


@dataclass(frozen=True)
class Results:
    headline: str
    detail: str
    votes: int
    identical_pairs: int
    win_rates: list[WinRate]
    ranking: list[Ranked]
    percent: Estimate
    cohen: Estimate | None
    fleiss: Estimate
    alpha: Estimate
    side_bias: SideBias
    self_consistency: Estimate
    reviewers: list[ReviewerRow]
    rationales: list[Rationale]


def winner(choice: str, a_is_left: bool) -> Winner:
    """A choice of a side as a choice of an output."""
    if choice in ("tie", "both_bad"):
        return "tie" if choice == "tie" else "both_bad"
    return "a" if (choice == "left") == a_is_left else "b"


def of_round(session: Session, round_: PreferenceRound) -> Results:
    """Raises Conflict while the round is open: results do not exist for anyone before the close."""
    if round_.closed_at is None:
        raise Conflict("The round is still open: results exist once it is closed.")
    rows = queries.cast_votes(session, round_.id)
    names = queries.candidate_names(session, round_.run_ids)
    first = [row for row in rows if not row.is_repeat]
    votes = [_vote(row, names) for row in first]
    same = queries.identical_pairs(session, round_.id)
    ties = [preference.Vote(pair, names[a], names[b], "tie") for pair, _case, a, b in same]
    ordered = [names[run] for run in round_.run_ids]
    rates = [preference.win_rate(votes + ties, b, a) for a, b in combinations(ordered, 2)]
    table = _ratings(votes)
    headline, detail = wording.summary(rates[0], len(votes), len(ties)) if rates else ("No votes.", "")
    return Results(
        headline=headline,
        detail=detail,
        votes=len(votes),
        identical_pairs=len(ties),
        win_rates=rates,
        ranking=preference.bradley_terry(votes + ties, generator(round_.id, "ranking")) if votes else [],
        percent=agreement.percent_agreement(table),
        cohen=_cohen(votes, round_.id),
        fleiss=agreement.fleiss_kappa(table, generator(round_.id, "fleiss")),
        alpha=agreement.krippendorff_alpha(table, generator(round_.id, "alpha")),
        side_bias=preference.side_bias(
            sum(row.choice == "left" for row in rows), sum(row.choice == "right" for row in rows)
        ),
        self_consistency=preference.self_consistency(_repeats(rows)),
        reviewers=_reviewers(session, round_, rows),
        rationales=[Rationale(row.rationale, _chosen(row, names), row.case_id) for row in first if row.rationale],
    )


def _vote(row: Any, names: dict[str, str]) -> preference.Vote:
    side = winner(row.choice, row.a_is_left)
    return preference.Vote(row.pair_id, names[row.run_a], names[row.run_b], side, row.reviewer_id)


def _chosen(row: Any, names: dict[str, str]) -> str:
    side = winner(row.choice, row.a_is_left)
    return {"a": names[row.run_a], "b": names[row.run_b], "tie": "tie", "both_bad": "both bad"}[side]


def _ratings(votes: Sequence[preference.Vote]) -> list[list[str | None]]:
    """One row a pair, one place a reviewer: what agreement is computed from."""
    people = sorted({str(vote.reviewer) for vote in votes})
    places = {person: place for place, person in enumerate(people)}
    table: dict[Any, list[str | None]] = {}
    for vote in votes:
        table.setdefault(vote.pair, [None] * len(people))[places[str(vote.reviewer)]] = vote.winner
    return list(table.values())


def _cohen(votes: Sequence[preference.Vote], round_id: str) -> Estimate | None:
    """Only where exactly two people voted; more have Fleiss' kappa and Krippendorff's alpha."""
    table = _ratings(votes)
    if not table or len(table[0]) != 2:
        return None
    return agreement.cohen_kappa([row[0] for row in table], [row[1] for row in table], generator(round_id, "cohen"))


def _repeats(rows: Sequence[Any]) -> list[tuple[Winner, Winner]]:
    """(first, second) choice of each pair that one reviewer was shown twice."""
    first = {(r.reviewer_id, r.pair_id): winner(r.choice, r.a_is_left) for r in rows if not r.is_repeat}
    again = [((r.reviewer_id, r.pair_id), winner(r.choice, r.a_is_left)) for r in rows if r.is_repeat]
    return [(first[key], second) for key, second in again if key in first]


def _reviewers(session: Session, round_: PreferenceRound, rows: Sequence[Any]) -> list[ReviewerRow]:
    seconds: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        if row.seconds:
            seconds[row.reviewer_id].append(row.seconds)
    found = []
    for user_id, name, total, done in queries.reviewers(session, round_.id):
        mine = sorted(seconds[user_id])
        found.append(ReviewerRow(user_id, name, done, total, mine[len(mine) // 2] if mine else None))
    return found


def as_json(results: Results) -> dict[str, Any]:
    """The names of interfaces.md §2."""
    return {
        "summary": f"{results.headline} {results.detail}".strip(),
        "votes": results.votes,
        "identical_pairs": results.identical_pairs,
        "win_rates": [asdict(rate) for rate in results.win_rates],
        "ranking": [asdict(entry) for entry in results.ranking],
        "agreement": {
            "percent": asdict(results.percent),
            "cohen_kappa": asdict(results.cohen) if results.cohen else None,
            "fleiss_kappa": asdict(results.fleiss),
            "krippendorff_alpha": asdict(results.alpha),
        },
        "side_bias": asdict(results.side_bias),
        "self_consistency": asdict(results.self_consistency),
        "reviewers": [asdict(row) for row in results.reviewers],
    }
