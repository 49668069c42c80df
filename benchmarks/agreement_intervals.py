"""How often do the intervals of agreement hold the truth, beside the percentiles of a bootstrap over the same items?

Usage: python benchmarks/agreement_intervals.py [--runs 400] [--seed 1]

Items with a hidden label that each annotator copies with a known chance: the true alpha, kappa and Fleiss' kappa are
1 − (disagreement of two) / (disagreement by chance), without a draw. Few and many items, high and low agreement, one
rare label. A round whose value has no limits (nobody disagrees) is counted as a miss of both. The bootstrap's
percentiles are widened for few items (Hesterberg 2015). Exit status 1 where a coefficient of ours falls below 93 %.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.core.stats.agreement import cohen_kappa, fleiss_kappa, krippendorff_alpha
from app.core.stats.bootstrap import expanded_tail
from app.core.stats.results import Estimate

GOAL = 0.93
RESAMPLES = 1000
# items, annotators, share of the first label, chance to copy it
ROOMS = [(20, 3, 0.5, 0.85), (40, 2, 0.5, 0.95), (80, 2, 0.5, 0.8), (200, 2, 0.1, 0.97), (1000, 3, 0.2, 0.97)]


def drawn(rng: np.random.Generator, items: int, people: int, share: float, copying: float) -> np.ndarray:
    """(items, people) of 0 and 1."""
    label = rng.random((items, 1)) < share
    return np.where(rng.random((items, people)) < copying, label, ~label).astype(int)


def truth(share: float, copying: float) -> float:
    said = share * copying + (1 - share) * (1 - copying)
    return 1 - copying * (1 - copying) / (said * (1 - said))


def percentiles(rng: np.random.Generator, ratings: np.ndarray) -> Estimate:
    """Of alpha, by this file's own arithmetic for two labels."""
    items, people = ratings.shape
    ones = ratings.sum(axis=1)
    apart = 2 * ones * (people - ones) / (people - 1)
    weights = rng.multinomial(items, np.full(items, 1 / items), size=RESAMPLES)
    n, first = items * people, weights @ ones
    with np.errstate(all="ignore"):
        draws = 1 - (n - 1) * (weights @ apart) / (2 * first * (n - first))
    tail = expanded_tail(items, 0.95)
    low, high = np.nanquantile(draws, [tail, 1 - tail])
    return Estimate(None, float(low), float(high), items)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    failed = False
    for number, room in enumerate(ROOMS):
        true, held = truth(*room[2:]), Counter[str]()
        for run in range(arguments.runs):
            rng = np.random.default_rng([arguments.seed, number, run])
            ratings = drawn(rng, *room)
            rows = ratings.tolist()
            found = {
                "Krippendorff's alpha": krippendorff_alpha(rows),
                "Fleiss' kappa": fleiss_kappa(rows),
                "Cohen's kappa": cohen_kappa([row[0] for row in rows], [row[1] for row in rows]),
                "(bootstrap of alpha)": percentiles(rng, ratings),
            }
            held.update(name for name, one in found.items() if one.low is not None and one.low <= true <= one.high)
        print(f"{room[0]:5} items, {room[1]} annotators, true value {true:.2f}")
        for name in found:
            share = held[name] / arguments.runs
            failed |= share < GOAL and not name.startswith("(")
            print(f"      {name:22} {share:6.1%} of {arguments.runs}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
