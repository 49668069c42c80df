"""What the votes say about the people who cast them: agreement, majority, sides, pace, consistency. Pure."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import combinations
from statistics import median

from app.core.stats import agreement, preference
from app.core.stats.preference import SideBias, Winner
from app.core.stats.results import Estimate
from app.preferences.cast import CastVote
from app.preferences.results.figures import Agreement, Pace, TwoReviewers

Table = list[list[str | None]]


def agreement_of(votes: Sequence[CastVote]) -> Agreement:
    """Over the first showings of each pair; pairs of one case are one unit."""
    people = sorted({vote.reviewer for vote in votes})
    table, cases = _ratings(votes, people)
    pairwise = [
        TwoReviewers(people[a], people[b], _kappa(table, cases, a, b)) for a, b in combinations(range(len(people)), 2)
    ]
    pairwise = [two for two in pairwise if two.kappa.n]
    return Agreement(
        percent=agreement.percent_agreement(table, cases),
        cohen=pairwise[0].kappa if len(people) == 2 and pairwise else None,
        fleiss=agreement.fleiss_kappa(table, groups=cases),
        alpha=agreement.krippendorff_alpha(table, groups=cases),
        pairwise=pairwise,
    )


def _ratings(votes: Sequence[CastVote], people: Sequence[str]) -> tuple[Table, list[str]]:
    """One row a pair, one place a reviewer; and the case of each row."""
    places = {person: place for place, person in enumerate(people)}
    table: dict[str, list[str | None]] = {}
    cases: dict[str, str] = {}
    for vote in votes:
        table.setdefault(vote.pair, [None] * len(people))[places[vote.reviewer]] = vote.winner
        cases[vote.pair] = vote.prompt_key
    return list(table.values()), list(cases.values())


def _kappa(table: Table, cases: Sequence[str], a: int, b: int) -> Estimate:
    return agreement.cohen_kappa([row[a] for row in table], [row[b] for row in table], groups=cases)


def majority(votes: Sequence[CastVote]) -> dict[str, int]:
    """Pairs by what most of their reviewers chose, in each pair's own order; ``none`` where two choices share the
    lead."""
    counts = dict.fromkeys(("a", "b", "tie", "both_bad", "none"), 0)
    for choices in _choices(votes).values():
        ranked = Counter(choices).most_common(2)
        shared = len(ranked) == 2 and ranked[0][1] == ranked[1][1]
        counts["none" if shared else ranked[0][0]] += 1
    return counts


def disagreements(votes: Sequence[CastVote]) -> list[str]:
    """Pairs that one reviewer decided for one answer and another for the other, in order of first vote."""
    return [pair for pair, choices in _choices(votes).items() if {"a", "b"} <= set(choices)]


def _choices(votes: Sequence[CastVote]) -> dict[str, list[str]]:
    chosen: dict[str, list[str]] = defaultdict(list)
    for vote in votes:
        chosen[vote.pair].append(vote.winner)
    return chosen


def side_bias(votes: Sequence[CastVote]) -> SideBias:
    """Over the decided votes whose sides are known."""
    decided = [vote for vote in votes if vote.winner in ("a", "b") and vote.a_is_left is not None]
    lefts = sum((vote.winner == "a") == vote.a_is_left for vote in decided)
    return preference.side_bias(lefts, len(decided) - lefts)


def repeats(votes: Sequence[CastVote]) -> list[tuple[Winner, Winner]]:
    """(first, second) choice of each pair that one reviewer was shown twice."""
    first = {(vote.reviewer, vote.pair): vote.winner for vote in votes if not vote.is_repeat}
    again = [((vote.reviewer, vote.pair), vote.winner) for vote in votes if vote.is_repeat]
    return [(first[key], second) for key, second in again if key in first]


def paces(votes: Sequence[CastVote]) -> list[Pace]:
    mine: dict[str, list[CastVote]] = defaultdict(list)
    for vote in votes:
        mine[vote.reviewer].append(vote)
    found = []
    for reviewer, cast in mine.items():
        seconds = [vote.seconds for vote in cast if vote.seconds]
        consistency = preference.self_consistency(repeats(cast))
        first = sum(not vote.is_repeat for vote in cast)
        found.append(Pace(reviewer, first, median(seconds) if seconds else None, consistency))
    return found
