"""What blind votes between two outputs show."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import log
from typing import TYPE_CHECKING, Any, Literal

from app.core.stats.bootstrap import expanded_tail
from app.core.stats.paired import mcnemar_exact, paired_difference
from app.core.stats.rates import rate, wilson
from app.core.stats.results import Estimate, PairedDifference

if TYPE_CHECKING:
    import numpy as np

Winner = Literal["a", "b", "tie", "both_bad"]
SCORE = {"a": 1.0, "b": 0.0, "tie": 0.5, "both_bad": 0.5}
RESAMPLES = 500


@dataclass(frozen=True, slots=True)
class Vote:
    """One reviewer's choice on one pair: ``a`` and ``b`` name the candidates. Repeated showings of a pair to the same
    reviewer are left out here and go to ``self_consistency``. ``group``: the case, where several pairs are of one case;
    the pair where it is None."""

    pair: Hashable
    a: str
    b: str
    winner: Winner
    reviewer: Hashable = None
    group: Hashable = None

    @property
    def unit(self) -> Hashable:
        """What is drawn as a whole when votes are resampled."""
        return self.pair if self.group is None else self.group


@dataclass(frozen=True, slots=True)
class WinRate:
    """``rate``: wins plus half of the ties and both-bads, over all votes. ``p_value``: that it differs from a half."""

    candidate: str
    opponent: str
    rate: Estimate
    p_value: float | None
    wins: int
    losses: int
    ties: int
    both_bad: int


@dataclass(frozen=True, slots=True)
class Ranked:
    """``score``: natural log of the Bradley–Terry strength, 0 for the average candidate."""

    candidate: str
    score: float
    low: float | None
    high: float | None
    votes: int


@dataclass(frozen=True, slots=True)
class SideBias:
    """``rate``: share of decided votes for the left side. ``p_value``: exact, that it is not a half."""

    rate: Estimate
    p_value: float | None


def win_rate(votes: Iterable[Vote], candidate: str, opponent: str) -> WinRate:
    """How often ``candidate`` is preferred to ``opponent``: (wins + ½ ties + ½ both bad) / n, range [0, 1].

    Ties are half a win to each side, so the rate is ½ + ½·(wins − losses)/n; its interval is half of Tango's interval
    for that paired difference and does not treat a tie as if it were a coin toss. Several votes on one case are one
    group. The test is the exact sign test over cases. No votes: no value.
    """
    mine = [vote for vote in votes if {vote.a, vote.b} == {candidate, opponent}]
    scores = [_score(vote, candidate) for vote in mine]
    both_bad = sum(vote.winner == "both_bad" for vote in mine)
    net = net_preference(mine, candidate, opponent)
    value, low, high = (None if x is None else (1 + x) / 2 for x in (net.difference, net.low, net.high))
    ties = scores.count(0.5) - both_bad
    estimate = Estimate(value, low, high, len(scores))
    return WinRate(candidate, opponent, estimate, net.p_value, scores.count(1.0), scores.count(0.0), ties, both_bad)


def net_preference(votes: Iterable[Vote], candidate: str, opponent: str) -> PairedDifference:
    """(wins − losses) / n of the votes between the two, in [−1, 1], twice the distance of the win rate from a half.

    Wins and losses are the gains and losses of a paired difference, and the votes on one case one piece of evidence."""
    mine = [vote for vote in votes if {vote.a, vote.b} == {candidate, opponent}]
    scores = [_score(vote, candidate) for vote in mine]
    losses, wins = ([float(score == end) for score in scores] for end in (0, 1))
    return paired_difference(losses, wins, [vote.unit for vote in mine])


def _score(vote: Vote, candidate: str) -> float:
    return SCORE[vote.winner] if vote.a == candidate else 1 - SCORE[vote.winner]


def tie_rate(votes: Sequence[Vote]) -> Estimate:
    """Share of votes that decided for neither side (tie or both bad); votes on one case are one group."""
    return rate([float(SCORE[vote.winner] == 0.5) for vote in votes], [vote.unit for vote in votes])


def side_bias(left: int, right: int) -> SideBias:
    """Whether reviewers favour a side, over the votes that chose one: Wilson's interval and the exact two-sided
    binomial test against ½ (the same arithmetic as McNemar's). No votes: no value."""
    p_value = mcnemar_exact(left, right) if left + right else None
    return SideBias(wilson(left, left + right), p_value)


def self_consistency(repeats: Iterable[tuple[Winner, Winner]]) -> Estimate:
    """Share of pairs shown twice to the same reviewer on which both choices agree.

    The choices are in terms of the candidates, not of the sides. Tie and both bad count as different choices.
    """
    same = [first == second for first, second in repeats]
    return wilson(sum(same), len(same))


def bradley_terry(
    votes: Sequence[Vote], rng: np.random.Generator, resamples: int = RESAMPLES, level: float = 0.95
) -> list[Ranked]:
    """Candidates from strongest to weakest; P(i beats j) = 1 / (1 + exp(score_j − score_i)).

    evalica fits the strengths; tie and both bad are half a win to each. To every two candidates one tie is added, so
    that a candidate that won or lost all has a finite score; for two candidates that is the bias correction of
    Haldane (1956) and Anscombe (1956), log((w + ½)/(l + ½)). Scores are centred on 0. Interval: percentiles over
    cases drawn with replacement (widened for few, as in ``bootstrap``), all votes on a case together: an output
    stands in every pair of its case, so that pairs of one case are no independent evidence. None for a single case,
    nor for a candidate that won all, lost all or only tied, where resampling has nothing to vary. Candidates that
    were never compared, even through others, are held together by the added ties alone: read ``votes``. Source:
    Bradley & Terry (1952), Biometrika 39, 324–345.
    """
    import numpy as np

    names = sorted({name for vote in votes for name in (vote.a, vote.b)})
    if not names:
        return []
    units = {unit: number for number, unit in enumerate(dict.fromkeys(vote.unit for vote in votes))}
    counts = _outcomes(votes, names, units)
    scores = _log_strengths(counts.sum(axis=0), names)
    lows: Sequence[float | None] = [None] * len(names)
    highs: Sequence[float | None] = [None] * len(names)
    if len(units) > 1:
        weights = rng.multinomial(len(units), np.full(len(units), 1 / len(units)), size=resamples)
        draws = _many_log_strengths(np.tensordot(weights.astype(float), counts, axes=1), len(names))
        tail = expanded_tail(len(units), level)
        lows, highs = np.quantile(draws, [tail, 1 - tail], axis=0).tolist()
    ranked = []
    for name, score, low, high in zip(names, scores, lows, highs, strict=True):
        results = {SCORE[v.winner] if v.a == name else 1 - SCORE[v.winner] for v in votes if name in (v.a, v.b)}
        bounded = results not in ({1.0}, {0.0}, {0.5})
        shown = sum(name in (vote.a, vote.b) for vote in votes)
        ranked.append(Ranked(name, score, low if bounded else None, high if bounded else None, shown))
    return sorted(ranked, key=lambda entry: -entry.score)


def _outcomes(votes: Sequence[Vote], names: list[str], units: dict[Hashable, int]) -> np.ndarray[Any, Any]:
    """Per unit, for every two candidates in order: wins of the first, of the second, neither; (units, pairs, 3)."""
    import numpy as np

    places = {pair: place for place, pair in enumerate(combinations(names, 2))}
    counts = np.zeros((len(units), len(places), 3))
    for vote in votes:
        pair = (vote.a, vote.b) if vote.a < vote.b else (vote.b, vote.a)
        score = SCORE[vote.winner]
        first = score if vote.a == pair[0] else 1 - score
        counts[units[vote.unit], places[pair], 2 if first == 0.5 else int(first == 0)] += 1
    return counts


def _log_strengths(counts: np.ndarray[Any, Any], names: list[str]) -> list[float]:
    import evalica
    import pandas as pd

    pairs = list(combinations(names, 2))
    outcomes = (evalica.Winner.X, evalica.Winner.Y, evalica.Winner.Draw)
    weighted = counts.copy()
    weighted[:, 2] += 1.0  # the added tie
    fitted = evalica.bradley_terry(
        xs=[a for a, _ in pairs for _ in outcomes],
        ys=[b for _, b in pairs for _ in outcomes],
        winners=list(outcomes) * len(pairs),
        index=pd.Index(names),
        weights=weighted.ravel().tolist(),
        tolerance=1e-8,
        limit=1000,
    )
    logs = [log(fitted.scores[name]) for name in names]
    centre = sum(logs) / len(logs)
    return [value - centre for value in logs]


def _many_log_strengths(counts: np.ndarray[Any, Any], candidates: int) -> np.ndarray[Any, Any]:
    """What ``_log_strengths`` answers, for many tables of outcomes at once; (draws, candidates).

    Newton's method on the concave log-likelihood, at most two log units a step. evalica fits one table in 4 ms, too
    long for the hundreds of an interval.
    """
    import numpy as np

    wins = np.zeros((len(counts), candidates, candidates))
    for place, (a, b) in enumerate(combinations(range(candidates), 2)):
        neither = (counts[:, place, 2] + 1.0) / 2  # with the added tie
        wins[:, a, b], wins[:, b, a] = counts[:, place, 0] + neither, counts[:, place, 1] + neither
    met = wins + wins.swapaxes(1, 2)
    scores = np.zeros((len(counts), candidates))
    for _ in range(50):
        ahead = 1 / (1 + np.exp(scores[:, None, :] - scores[:, :, None]))
        gradient = wins.sum(axis=2) - (met * ahead).sum(axis=2)
        curvature = met * ahead * (1 - ahead)
        information = -curvature
        np.einsum("dii->di", information)[:] += curvature.sum(axis=2)
        # the ones hold the centre at 0, which the votes say nothing about
        step = np.clip(np.linalg.solve(information + 1.0, gradient[..., None])[..., 0], -2, 2)
        scores += step
        if np.abs(step).max() < 1e-9:
            break
    centred: np.ndarray = scores - scores.mean(axis=1, keepdims=True)
    return centred
