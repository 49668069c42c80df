"""How much evidence is needed: against enumeration, simulation, published formulas and scipy."""

from math import ceil, comb, sqrt

import numpy as np
import pytest
from scipy.stats import binom, norm

from app.core.stats import needed
from app.core.stats.rates import wilson


def exact_power(n: int, gain: float, loss: float) -> float:
    """McNemar's exact test by enumeration over changed cases and losses, in plain integers: a second implementation."""
    total = 0.0
    for changed in range(1, n + 1):
        chance = comb(n, changed) * (gain + loss) ** changed * (1 - gain - loss) ** (n - changed)
        for losses in range(changed + 1):
            p = min(1.0, 2 * sum(comb(changed, k) for k in range(min(losses, changed - losses) + 1)) / 2**changed)
            if p <= 0.05 and losses < changed - losses:
                share = (
                    comb(changed, losses)
                    * (loss / (gain + loss)) ** losses
                    * (gain / (gain + loss)) ** (changed - losses)
                )
                total += chance * share
    return total


@pytest.mark.parametrize(("difference", "discordance"), [(0.4, 0.5), (0.3, 0.4), (0.5, 0.5)])
def test_cases_to_show_reach_the_power_by_enumeration(difference: float, discordance: float) -> None:
    n = needed.cases_to_show(difference, discordance)
    assert n is not None
    gain, loss = (discordance + difference) / 2, (discordance - difference) / 2
    assert exact_power(n, gain, loss) >= 0.80
    assert exact_power(n - 1, gain, loss) < 0.80


@pytest.mark.parametrize(("difference", "discordance"), [(0.05, 0.2), (0.1, 0.3), (0.02, 0.1), (0.15, 0.4)])
def test_cases_to_show_stand_beside_connors_formula(difference: float, discordance: float) -> None:
    """Connor (1987), Biometrics 43, 207–211: n = (z √ψ + z_power √(ψ − δ²))² / δ². The exact test asks for a little
    more."""
    z, z_power = norm.ppf(0.975), norm.ppf(0.80)
    connor = (z * sqrt(discordance) + z_power * sqrt(discordance - difference**2)) ** 2 / difference**2
    n = needed.cases_to_show(difference, discordance)
    assert n is not None
    assert connor <= n <= 1.15 * connor + 10


def test_cases_to_show_by_simulation() -> None:
    n = needed.cases_to_show(0.1, 0.3)
    rng = np.random.default_rng(7)
    draws = rng.multinomial(n, [0.2, 0.1, 0.7], size=20_000)  # type: ignore[arg-type]
    gains, losses = draws[:, 0], draws[:, 1]
    shown = 2 * binom.cdf(np.minimum(gains, losses), gains + losses, 0.5) <= 0.05
    assert (shown & (gains > losses)).mean() == pytest.approx(0.80, abs=0.02)


def test_nothing_can_be_shown_of_no_difference() -> None:
    assert needed.cases_to_show(0.0, 0.2) is None
    assert needed.cases_to_show(-0.1, 0.2) == needed.cases_to_show(0.1, 0.2)
    assert needed.votes_to_show(0.5, 0.2) is None


def test_cases_for_a_rate_without_a_miss_is_where_wilsons_limit_reaches_it() -> None:
    n = needed.cases_for_rate(1.0, 0.99)
    assert n == ceil(99 * norm.ppf(0.975) ** 2)
    assert wilson(n, n).low >= 0.99 > wilson(n - 1, n - 1).low  # type: ignore[operator]


@pytest.mark.parametrize(("rate", "bound"), [(0.98, 0.95), (0.8, 0.7), (0.02, 0.05)])
def test_cases_for_a_rate_by_simulation(rate: float, bound: float) -> None:
    """Fleiss, Levin & Paik (2003), § 2.5, against binomial draws and Wilson's own interval."""
    n = needed.cases_for_rate(rate, bound)
    assert n is not None
    draws = np.random.default_rng(11).binomial(n, rate, size=4_000)
    counts, weights = np.unique(draws, return_counts=True)
    beyond = [wilson(int(k), n).low > bound if rate > bound else wilson(int(k), n).high < bound for k in counts]  # type: ignore[operator]
    assert (weights * np.array(beyond)).sum() / 4_000 == pytest.approx(0.80, abs=0.05)


def test_scaled_is_the_normal_sample_size() -> None:
    """A mean with standard deviation 1 at distance 0.2: (1.96 + 0.84)² / 0.04 = 196.2, whatever n was first seen."""
    for n in (50, 400):
        half = norm.ppf(0.975) / sqrt(n)
        assert needed.scaled(n, 0.2 - half, 0.2 + half, 0.2) == 197
    assert needed.scaled(50, -0.1, 0.3, -0.1) is None
    assert needed.scaled(50, -0.1, 0.3, 0.0) is None


def test_votes_are_paired_cases() -> None:
    assert needed.votes_to_show(0.6, 0.0) == needed.cases_to_show(0.2, 1.0)
    assert needed.votes_to_show(0.6, 0.0) == pytest.approx(194, abs=15)  # the sign test for 60 % against 50 %
    assert needed.independent_discordance(0.5, 0.6) == pytest.approx(0.5)
