"""What a comparison of this size could have shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


def minimum_detectable_difference(n: int, discordance: float, alpha: float = 0.05, power: float = 0.80) -> float | None:
    """Smallest true difference of pass rates that McNemar's exact test over ``n`` pairs shows with ``power``.

    ``discordance``: share of cases on which the two runs disagree, as observed; where the difference in question is
    larger than that, the disagreement is taken to be just as large as the difference. Found by bisection on
    ``mcnemar_power`` at one two-sided ``alpha``: a page that corrects for several metrics needs somewhat more.
    Range (0, 1]; ``None`` where even a difference of 1 would not be shown (n ≤ 5 at 5 %). The exact form of
    Miettinen (1968), Biometrics 24, 339–352; Connor (1987), Biometrics 43, 207–211 gives the approximation.
    """
    if not 0 <= discordance <= 1:
        raise ValueError(f"discordance must lie between 0 and 1: {discordance}")

    def shown(difference: float) -> bool:
        share = max(discordance, difference)
        return mcnemar_power(n, (share + difference) / 2, (share - difference) / 2, alpha) >= power

    if n < 1 or not shown(1.0):
        return None
    low, high = 0.0, 1.0
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (low, middle) if shown(middle) else (middle, high)
    return high


def mcnemar_power(n: int, gain: float, loss: float, alpha: float = 0.05) -> float:
    """Chance that McNemar's exact test is significant in favour of the gains.

    ``gain`` and ``loss``: chances that a case is won or lost. Σ_m P(M = m) · P(X ≤ c_m), M ~ Binomial(n, gain + loss)
    the number of changed cases, X ~ Binomial(m, loss / (gain + loss)) the losses among them, and c_m the largest
    count of losses that is still significant among m. Range [0, 1].
    """
    import numpy as np
    from scipy.special import bdtr

    share = gain + loss
    if share <= 0:
        return 0.0
    spread = 9 * (n * share * (1 - share)) ** 0.5 + 10
    # Beyond nine standard deviations there is nothing left to add up.
    changed = np.arange(max(1, int(n * share - spread)), min(n, int(n * share + spread)) + 1)
    chance = bdtr(changed, n, share) - bdtr(changed - 1, n, share)
    critical = _critical_losses(changed, alpha)
    wins = np.where(critical >= 0, bdtr(np.maximum(critical, 0), changed, loss / share), 0.0)
    return float(np.clip((chance * wins).sum(), 0.0, 1.0))


def _critical_losses(changed: np.ndarray[Any, Any], alpha: float) -> np.ndarray[Any, Any]:
    """For each number of changed cases the largest count of losses with 2·P(X ≤ c) ≤ alpha, or −1."""
    import numpy as np
    from scipy.special import bdtr, bdtrik

    guess = np.floor(bdtrik(alpha / 2, changed, 0.5))
    guess = np.where(np.isfinite(guess), guess, -1)
    # The inverse is of the continued function: settle on the exact whole number beside it.
    counts = np.stack([guess - 1, guess, guess + 1])
    fits = (counts >= 0) & (2 * bdtr(np.maximum(counts, 0), changed, 0.5) <= alpha)
    return np.asarray(np.where(fits, counts, -1).max(axis=0))
