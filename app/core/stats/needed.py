"""How much evidence a question needs: cases for a rate or a difference, votes for a preference."""

from __future__ import annotations

from math import ceil, sqrt
from statistics import NormalDist

from app.core.stats.power import mcnemar_power

MOST = 10_000_000  # beyond this no number helps anybody


def cases_to_show(difference: float, discordance: float, alpha: float = 0.05, power: float = 0.80) -> int | None:
    """Fewest paired cases with which McNemar's exact test shows a true ``difference`` of pass rates with ``power``.

    ``discordance``: share of cases on which the two differ; at least |difference|. The inverse of ``mcnemar_power``
    (Miettinen 1968, Biometrics 24, 339–352), by doubling and bisection; power rises with n in small saw teeth, of which
    the answer is the first that reaches far enough. Connor's approximation (1987, Biometrics 43, 207–211) is
    n ≈ (z₁₋α/₂ √ψ + z_power √(ψ − δ²))² / δ². ``None`` for no difference, or where more than ten million are needed.
    """
    if not 0 <= discordance <= 1:
        raise ValueError(f"discordance must lie between 0 and 1: {discordance}")
    size, share = abs(difference), max(discordance, abs(difference))
    if size == 0:
        return None

    def shown(n: int) -> bool:
        return mcnemar_power(n, (share + size) / 2, (share - size) / 2, alpha) >= power

    high = 8
    while not shown(high):
        high *= 2
        if high > MOST:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if shown(middle) else (middle, high)
    return high


def independent_discordance(baseline: float, candidate: float) -> float:
    """Share of cases on which two runs differ if which cases they pass has nothing to do with each other:
    p(1 − q) + q(1 − p). Runs of related models agree more often, so this asks for too many cases rather than too
    few."""
    return baseline * (1 - candidate) + candidate * (1 - baseline)


def cases_for_rate(rate: float, bound: float, level: float = 0.95, power: float = 0.80) -> int | None:
    """Cases until Wilson's interval of a true ``rate`` lies wholly above (or below) ``bound``, with ``power``.

    n = ((z √(t(1 − t)) + z_power √(r(1 − r))) / (r − t))², the sample size of the one-sample score test: Fleiss, Levin
    & Paik (2003), *Statistical Methods for Rates and Proportions*, § 2.5. For r = 1 it is z² t/(1 − t), exactly the n
    of n whose Wilson limit is t (380 for 99 %). ``None`` where the rate does not lie beyond the bound.
    """
    if rate == bound:
        return None
    z, z_power = NormalDist().inv_cdf((1 + level) / 2), NormalDist().inv_cdf(power)
    reach = z * sqrt(bound * (1 - bound)) + z_power * sqrt(rate * (1 - rate))
    n = ceil((reach / (rate - bound)) ** 2 - 1e-9)
    return n if n <= MOST else None


def scaled(n: int, low: float, high: float, distance: float, level: float = 0.95, power: float = 0.80) -> int | None:
    """Size at which an interval that is now [low, high] over ``n`` would clear a bound ``distance`` away from the
    estimate, with ``power``, if the estimate is the truth.

    Standard errors shrink with √n: n (z + z_power)² se² / distance², with se the half-width over z. For a paired
    difference against a margin it is the sample size of Nam (1997), Biometrics 53, 1422–1430, in Wald's form, with the
    variance as it was observed, groups included. ``None`` where there is no distance, or it is on the wrong side (≤ 0).
    """
    if distance <= 0 or high <= low:
        return None
    z = NormalDist().inv_cdf((1 + level) / 2)
    error = (high - low) / (2 * z)
    needed = ceil(n * ((z + NormalDist().inv_cdf(power)) * error / distance) ** 2)
    return needed if needed <= MOST else None


def votes_to_show(win_rate: float, ties: float, alpha: float = 0.05, power: float = 0.80) -> int | None:
    """Votes (one a pair) until the sign test shows that a true ``win_rate`` (wins and half of the ``ties``) is not a
    half.

    Wins and losses are the gains and losses of ``cases_to_show``: difference 2·rate − 1, discordance 1 − ties.
    """
    return cases_to_show(2 * win_rate - 1, 1 - ties, alpha, power)
