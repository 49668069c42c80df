"""How worn a test set is: what choosing by it, again and again, may flatter the winner by. Pure."""

from dataclasses import dataclass
from math import log, sqrt

HALF_WIDTH = 1.96 * 0.5  # × 1/√n: of a 95 % interval for a rate, at its widest


@dataclass(frozen=True)
class Wear:
    """``runs`` that were scored on the set and on those that it took its cases over from; ``optimism`` in 0..1."""

    runs: int
    cases: int
    optimism: float | None

    @property
    def worn(self) -> bool:
        """From here on, luck alone lifts the best candidate by as much as its interval allows for: seven choices."""
        return self.optimism is not None and self.optimism >= HALF_WIDTH / sqrt(self.cases)

    @property
    def sentence(self) -> str:
        """For people; empty while nothing is to be said."""
        if not self.worn or self.optimism is None:
            return ""
        return (
            f"{self.runs} runs were scored on these {self.cases:,} cases. The best of {self.runs - 1} candidates that "
            f"are all equally good can look up to {100 * self.optimism:.0f} points better by luck, as much as the 95 % "
            "interval allows for: the interval no longer covers it. Confirm the winner on a sealed set that nobody has "
            "chosen by, or add fresh cases in a new version."
        )


def wear(runs: int, cases: int) -> Wear:
    return Wear(runs, cases, optimism(runs - 1, cases))


def optimism(choices: int, cases: int) -> float | None:
    """The most that the best of ``choices`` equally good candidates is expected to look better than it is.

    √(ln k / 2n): a score is a mean of n values in 0..1, so sub-Gaussian with variance 1/(4n) (Hoeffding's lemma), and
    the expected maximum of k such is at most √(2 · 1/(4n) · ln k) (maximal inequality: Boucheron, Lugosi & Massart
    2013, theorem 2.5). The first run is taken for the baseline's, and each later one for a candidate to choose from.
    Candidates that were made by looking at earlier scores can overfit faster than that (Dwork et al. 2015, "The
    reusable holdout"); in practice most overfit less (Recht et al. 2019). 0 for one choice; None without cases or
    with none to choose from.
    """
    if cases < 1 or choices < 1:
        return None
    return min(1.0, sqrt(log(choices) / (2 * cases)))
