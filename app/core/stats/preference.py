"""What blind votes between two outputs show."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import log
from typing import TYPE_CHECKING, Literal

from app.core.stats.paired import mcnemar_exact, paired_difference
from app.core.stats.rates import rate, wilson
from app.core.stats.results import Estimate

if TYPE_CHECKING:
    import numpy as np

Winner = Literal["a", "b", "tie", "both_bad"]
SCORE = {"a": 1.0, "b": 0.0, "tie": 0.5, "both_bad": 0.5}
RESAMPLES = 500


@dataclass(frozen=True, slots=True)
class Vote:
    """One reviewer's choice on one pair: ``a`` and ``b`` name the candidates. Repeated showings of a pair to the same
    reviewer are left out here and go to ``self_consistency``."""

    pair: Hashable
    a: str
    b: str
    winner: Winner
    reviewer: Hashable = None


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
    for that paired difference and does not treat a tie as if it were a coin toss. Several votes on one pair are one
    group. The test is the exact sign test over pairs. No votes: no value.
    """
    scores: list[float] = []
    pairs: list[Hashable] = []
    both_bad = 0
    for vote in votes:
        if {vote.a, vote.b} == {candidate, opponent}:
            score = SCORE[vote.winner]
            scores.append(score if vote.a == candidate else 1 - score)
            pairs.append(vote.pair)
            both_bad += vote.winner == "both_bad"
    net = paired_difference([float(s == 0) for s in scores], [float(s == 1) for s in scores], pairs)
    value, low, high = (None if x is None else (1 + x) / 2 for x in (net.difference, net.low, net.high))
    ties = scores.count(0.5) - both_bad
    estimate = Estimate(value, low, high, len(scores))
    return WinRate(candidate, opponent, estimate, net.p_value, scores.count(1.0), scores.count(0.0), ties, both_bad)


def tie_rate(votes: Sequence[Vote]) -> Estimate:
    """Share of votes that decided for neither side (tie or both bad); votes on one pair are one group."""
    return rate([float(SCORE[vote.winner] == 0.5) for vote in votes], [vote.pair for vote in votes])


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
    pairs drawn with replacement, all votes on a pair together; none for a single pair, nor for a candidate that won
    all, lost all or only tied, where resampling has nothing to vary. Candidates that were never compared, even
    through others, are held together by the added ties alone: read ``votes``. Source: Bradley & Terry (1952),
    Biometrika 39, 324–345.
    """
    import numpy as np

    names = sorted({name for vote in votes for name in (vote.a, vote.b)})
    if not names:
        return []
    pair_numbers = {pair: number for number, pair in enumerate(dict.fromkeys(vote.pair for vote in votes))}
    pair_of = np.array([pair_numbers[vote.pair] for vote in votes])
    scores = _log_strengths(votes, names, [1.0] * len(votes))
    lows: Sequence[float | None] = [None] * len(names)
    highs: Sequence[float | None] = [None] * len(names)
    count = len(pair_numbers)
    if count > 1:
        weights = rng.multinomial(count, np.full(count, 1 / count), size=resamples)[:, pair_of]
        draws = np.array([_log_strengths(votes, names, row) for row in weights.astype(float).tolist()])
        tail = (1 - level) / 2
        lows, highs = np.quantile(draws, [tail, 1 - tail], axis=0).tolist()
    ranked = []
    for name, score, low, high in zip(names, scores, lows, highs, strict=True):
        results = {SCORE[v.winner] if v.a == name else 1 - SCORE[v.winner] for v in votes if name in (v.a, v.b)}
        bounded = results not in ({1.0}, {0.0}, {0.5})
        shown = sum(name in (vote.a, vote.b) for vote in votes)
        ranked.append(Ranked(name, score, low if bounded else None, high if bounded else None, shown))
    return sorted(ranked, key=lambda entry: -entry.score)


def _log_strengths(votes: Sequence[Vote], names: list[str], weights: Sequence[float]) -> list[float]:
    import evalica
    import pandas as pd

    winners = {"a": evalica.Winner.X, "b": evalica.Winner.Y}
    added = list(combinations(names, 2))
    fitted = evalica.bradley_terry(
        xs=[vote.a for vote in votes] + [a for a, _ in added],
        ys=[vote.b for vote in votes] + [b for _, b in added],
        winners=[winners.get(vote.winner, evalica.Winner.Draw) for vote in votes] + [evalica.Winner.Draw] * len(added),
        index=pd.Index(names),
        weights=[*weights, *[1.0] * len(added)],
        tolerance=1e-8,
        limit=1000,
    )
    logs = [log(fitted.scores[name]) for name in names]
    centre = sum(logs) / len(logs)
    return [value - centre for value in logs]
