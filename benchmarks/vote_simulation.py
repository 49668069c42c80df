"""Do the intervals on a round's results hold what they say? Rounds with known strengths are voted on by noisy,
one-sided reviewers and put through the product's own statistics.

Usage: python benchmarks/vote_simulation.py [--runs 200] [--seed 1] [--blocks 10]

Four candidates, 60 cases, every output with a quality of its own (so that an answer is good or bad in every pair it
stands in), five reviewers who differ in care and in their liking for the left side, two of them on each pair, ties,
and answers that win some votes by length. The truth of each figure is an average over 20,000 cases, worked out from the
same model without drawing a vote. Prints, per figure, in how many of ``--runs`` rounds the stated 95 % interval held
the truth, beside the goal of 93 %, and how far the share itself may be off by chance (one standard error).

Some figures have one interval a round where the others have four to ten. Of 200 intervals that hold the truth in
exactly 95 %, fewer than 93 % do so in one experiment of twelve: 200 cannot tell such an interval from a poor one. These
figures are therefore looked at in ``--blocks`` times as many rounds, the first included, and every block is printed.
Exit status 1 where a figure falls below the goal in all of the rounds in which it was looked at.
"""

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from itertools import combinations
from math import ceil
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.stats import binom

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.core.stats.preference import SideBias
from app.preferences.cast import CastRound, CastVote
from app.preferences.results import people
from app.preferences.results.compute import figures
from app.preferences.results.figures import Agreement, Figures

GOAL = 0.93
CASES = 60
NAMES = ["amber", "birch", "cedar", "delta"]
STRENGTH = np.array([0.0, 0.25, 0.5, 0.9])  # log odds
LENGTH_MEAN = np.array([300.0, 340.0, 320.0, 420.0])  # characters
OUTPUT_SPREAD, LENGTH_SPREAD = 0.7, 110.0
LIKES_LENGTH = 0.5  # log odds for an answer that is one standard deviation longer
CARE = np.array([1.4, 1.2, 1.0, 0.8, 0.5])  # how much a reviewer sees of a difference in quality
LEFT = np.array([0.5, 0.3, 0.2, 0.1, 0.0])  # log odds for the left side
TIE = 0.35  # a difference below is a tie: the width of the band in log odds
PAIRS = list(combinations(range(len(NAMES)), 2))

Truth = dict[str, dict[str, float]]  # by figure and what it is of
Told = dict[str, dict[str, tuple[float | None, float | None]]]


def cases(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Quality and length of each candidate's output of each case; (count, candidates)."""
    quality = STRENGTH + rng.normal(0, OUTPUT_SPREAD, (count, len(NAMES)))
    length = np.maximum(20, LENGTH_MEAN + rng.normal(0, LENGTH_SPREAD, (count, len(NAMES)))).round()
    return quality, length


def chances(gap: np.ndarray, longer: np.ndarray, reviewer: int, a_is_left: np.ndarray) -> np.ndarray:
    """(…, 3): that A wins, B wins, neither. A logistic difference with a band for ties (Rao & Kupper 1967)."""
    seen = CARE[reviewer] * gap + LIKES_LENGTH * np.tanh(longer / (LENGTH_SPREAD * np.sqrt(2)))
    seen = seen + np.where(a_is_left, 1.0, -1.0) * LEFT[reviewer]
    first, second = 1 / (1 + np.exp(TIE - seen)), 1 / (1 + np.exp(TIE + seen))
    return np.stack([first, second, 1 - first - second], axis=-1)


def drawn(rng: np.random.Generator) -> CastRound:
    quality, length = cases(rng, CASES)
    votes = []
    for case in range(CASES):
        for a, b in PAIRS:
            for reviewer in rng.choice(len(CARE), 2, replace=False):
                left = bool(rng.random() < 0.5)
                gap, longer = quality[case, a] - quality[case, b], length[case, a] - length[case, b]
                chance = chances(np.array(gap), np.array(longer), int(reviewer), np.array(left))
                winner = ("a", "b", "tie")[rng.choice(3, p=chance)]
                votes.append(_vote(case, a, b, winner, int(reviewer), left, length[case]))
    return CastRound(list(NAMES), votes, [])


def _vote(case: int, a: int, b: int, winner: str, reviewer: int, left: bool, length: np.ndarray) -> CastVote:
    return CastVote(
        pair=f"{case}-{a}-{b}", case_id=None, prompt_key=str(case), a=NAMES[a], b=NAMES[b], winner=winner,
        reviewer=f"r{reviewer}", reviewer_name=f"r{reviewer}", a_is_left=left, is_repeat=False, rationale="",
        criteria={}, seconds=None, length_a=int(length[a]), length_b=int(length[b]), tags=(),
    )  # fmt: skip


def truths() -> Truth:
    rng = np.random.default_rng(20)
    quality, length = cases(rng, 20_000)
    sides = np.array([True, False])
    rates: dict[tuple[int, int], float] = {}
    found: Truth = defaultdict(dict)
    lefts, decided, every = 0.0, 0.0, []
    for a, b in PAIRS:
        gap, longer = quality[:, a] - quality[:, b], length[:, a] - length[:, b]
        # (reviewers, cases, 3) averaged over sides; and apart for the left side
        by_side = np.stack(
            [[chances(gap, longer, r, np.full(len(gap), side)) for side in sides] for r in range(len(CARE))]
        )
        per_reviewer = by_side.mean(axis=1)
        mean = per_reviewer.mean(axis=(0, 1))
        rates[a, b] = mean[0] + mean[2] / 2
        found["win rate"][f"{NAMES[b]}>{NAMES[a]}"] = 1 - rates[a, b]
        score = (per_reviewer[..., 0] + per_reviewer[..., 2] / 2).mean(axis=0)
        found["win rate at equal length"][f"{NAMES[b]}>{NAMES[a]}"] = _at_equal_length(1 - score, -longer)
        lefts += by_side[:, 0, :, 0].mean() + by_side[:, 1, :, 1].mean()
        decided += by_side[:, :, :, :2].sum(axis=-1).mean() * 2
        every.append(per_reviewer)
    found["side bias"]["left"] = lefts / decided
    found |= _agreement(np.concatenate(every, axis=1))
    for place, value in enumerate(_strengths(rates)):
        found["Bradley–Terry score"][NAMES[place]] = value
    return found


def _agreement(chosen: np.ndarray) -> Truth:
    """From what each reviewer would choose of each pair: (reviewers, pairs, 3)."""
    share = chosen.mean(axis=1)
    both = {(i, j): float((chosen[i] * chosen[j]).sum(axis=-1).mean()) for i, j in combinations(range(len(CARE)), 2)}
    observed, expected = float(np.mean(list(both.values()))), float((share.mean(axis=0) ** 2).sum())
    beyond = (observed - expected) / (1 - expected)
    by_chance = {(i, j): float((share[i] * share[j]).sum()) for i, j in both}
    kappas = {f"r{i} and r{j}": (same - by_chance[i, j]) / (1 - by_chance[i, j]) for (i, j), same in both.items()}
    return {
        "agreement, percent": {"all": observed},
        "agreement, Fleiss' kappa": {"all": beyond},
        "agreement, Krippendorff's alpha": {"all": beyond},
        "agreement of two, Cohen's kappa": kappas,
    }


def _at_equal_length(score: np.ndarray, longer: np.ndarray) -> float:
    x = np.tanh(longer / longer.std())
    loss = lambda beta: np.mean(np.logaddexp(0, beta[0] + beta[1] * x) - score * (beta[0] + beta[1] * x))  # noqa: E731
    return float(1 / (1 + np.exp(-minimize(loss, np.zeros(2)).x[0])))


def _strengths(rates: dict[tuple[int, int], float]) -> np.ndarray:
    """Maximum likelihood on the true rates, by a general optimiser: nothing of the product's."""

    def loss(scores: np.ndarray) -> float:
        terms = [
            rate * np.logaddexp(0, scores[b] - scores[a]) + (1 - rate) * np.logaddexp(0, scores[a] - scores[b])
            for (a, b), rate in rates.items()
        ]
        return float(sum(terms) + 1e-9 * (scores**2).sum())

    found = minimize(loss, np.zeros(len(NAMES))).x
    return np.asarray(found - found.mean())


def stated(found: Figures) -> Told:
    """The product's intervals under the same names."""
    told: Told = defaultdict(dict)
    for one in found.against:
        key = f"{one.rate.candidate}>{one.rate.opponent}"
        told["win rate"][key] = one.rate.rate.low, one.rate.rate.high
        told["win rate at equal length"][key] = one.length_controlled.low, one.length_controlled.high
    for ranked in found.ranking:
        told["Bradley–Terry score"][ranked.candidate] = ranked.low, ranked.high
    return told | people_of(found.side_bias, found.agreement)


def whole(cast: CastRound, number: int) -> Told:
    """All that the results of a round say."""
    return stated(figures(cast, {}, f"simulation {number}"))


def cheap(cast: CastRound) -> Told:
    """What takes no drawing: the votes are counted once."""
    return people_of(people.side_bias(cast.votes), people.agreement_of(cast.votes))


def people_of(sides: SideBias, found: Agreement) -> Told:
    told = {
        "side bias": {"left": sides.rate},
        "agreement, percent": {"all": found.percent},
        "agreement, Fleiss' kappa": {"all": found.fleiss},
        "agreement, Krippendorff's alpha": {"all": found.alpha},
        "agreement of two, Cohen's kappa": {
            f"{two.reviewer_a} and {two.reviewer_b}": two.kappa for two in found.pairwise
        },
    }
    return {figure: {name: (one.low, one.high) for name, one in own.items()} for figure, own in told.items()}


def held(rounds: range, seed: int, truth: Truth, state: Callable[[CastRound, int], Told]) -> dict[str, list[bool]]:
    """By figure, for every interval that ``state`` gives of each round, whether it held the truth."""
    found: dict[str, list[bool]] = defaultdict(list)
    for number in rounds:
        for figure, intervals in state(drawn(np.random.default_rng([seed, number])), number).items():
            for name, (low, high) in intervals.items():
                found[figure].append(low is not None and high is not None and low <= truth[figure][name] <= high)
    return found


def share_of(figure: str, ones: list[bool]) -> float:
    share, chance = sum(ones) / len(ones), (0.95 * 0.05 / len(ones)) ** 0.5
    print(f"{figure:32} {share:6.1%} ± {chance:.1%} of {len(ones):5} intervals hold the truth (goal ≥ {GOAL:.0%})")
    return share


def by_block(ones: list[bool], size: int) -> str:
    shares = [sum(ones[start : start + size]) / size for start in range(0, len(ones), size)]
    reached = sum(share >= GOAL for share in shares)
    said = " ".join(f"{100 * share:.1f}" for share in shares)
    expected = 1 - binom.cdf(ceil(GOAL * size) - 1, size, 0.95)
    return f"   blocks of {size}: {said} %; {reached} reach the goal, {expected:.0%} of exact intervals' blocks do"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--blocks", type=int, default=10)
    arguments = parser.parse_args()
    began, truth, runs = time.perf_counter(), truths(), arguments.runs
    print(f"{runs} rounds of {CASES} cases, {len(NAMES)} candidates, {2 * CASES * len(PAIRS)} votes each")
    first = held(range(runs), arguments.seed, truth, whole)
    shares = {figure: share_of(figure, ones) for figure, ones in first.items()}
    if arguments.blocks > 1:
        print(f"figures with one interval a round, in {arguments.blocks} × {runs} rounds")
        again = held(range(runs, runs * arguments.blocks), arguments.seed, truth, lambda one, _n: cheap(one))
        for figure in (name for name in again if len(truth[name]) == 1):
            ones = first[figure] + again[figure]
            shares[figure] = share_of(figure, ones)
            print(by_block(ones, runs))
    print(f"{time.perf_counter() - began:.0f} s")
    return int(min(shares.values()) < GOAL)


if __name__ == "__main__":
    sys.exit(main())
