"""How far people (or a judge and people) agree on labels, with intervals from resampling the items.

Ratings come as one sequence per item, one place per annotator, ``None`` where that annotator did not rate the item.
Every coefficient is 1 for perfect agreement and 0 for agreement as by chance (it may be negative); where no item has
two ratings, or chance alone would always agree, there is no value. Where every item agrees (or none does),
resampling cannot tell how far chance reaches, and there is a value without limits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any

from app.core.stats.rates import rate
from app.core.stats.results import Estimate

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

Ratings = Sequence[Sequence[Hashable | None]]
RESAMPLES = 2000


def percent_agreement(ratings: Ratings) -> Estimate:
    """Share of agreeing pairs of ratings, averaged over items with at least two; range [0, 1].

    Per item Σ_c m_c (m_c − 1) / (m (m − 1)), m_c ratings of label c among m (Fleiss 1971); Wilson's interval, which
    keeps a width where everyone agreed.
    """
    counts, sizes = _counts(ratings)
    return rate(_agreeing(counts, sizes).tolist() if len(counts) else [])


def cohen_kappa(
    first: Sequence[Hashable | None], second: Sequence[Hashable | None], rng: np.random.Generator
) -> Estimate:
    """Cohen's kappa of two annotators over the items that both rated: (p_o − p_e) / (1 − p_e), p_e = Σ_c p₁c p₂c.

    Range [−1, 1]. Source: Cohen (1960), Educational and Psychological Measurement 20, 37–46.
    """
    import numpy as np

    both = [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    if not both:
        return Estimate(None, None, None, 0)
    labels = {label: place for place, label in enumerate(dict.fromkeys(label for pair in both for label in pair))}
    one, two = (np.eye(len(labels))[[labels[pair[side]] for pair in both]] for side in (0, 1))
    same = np.array([float(a == b) for a, b in both])

    def kappa(weights: Array) -> Array:
        total = weights.sum(axis=1, keepdims=True)
        chance = ((weights @ one / total) * (weights @ two / total)).sum(axis=1)
        return _beyond_chance(weights @ same / total[:, 0], chance)

    return _estimate(kappa, len(both), rng)


def fleiss_kappa(ratings: Ratings, rng: np.random.Generator) -> Estimate:
    """Fleiss' kappa: (P̄ − P̄_e) / (1 − P̄_e), P̄ the percent agreement, P̄_e = Σ_c p_c².

    Defined for the same number of ratings on each item: items with another number than the commonest (at least two)
    are left out, and ``n`` says how many remain; ``krippendorff_alpha`` uses them all. Range [−1, 1].
    Source: Fleiss (1971), Psychological Bulletin 76, 378–382.
    """
    counts, sizes = _counts(ratings)
    if not len(counts):
        return Estimate(None, None, None, 0)
    commonest = max(Counter(sizes.tolist()).items(), key=lambda entry: (entry[1], entry[0]))[0]
    counts = counts[sizes == commonest]
    agreeing = _agreeing(counts, sizes[sizes == commonest])

    def kappa(weights: Array) -> Array:
        total = weights.sum(axis=1)
        shares = weights @ counts / (total * commonest)[:, None]
        return _beyond_chance(weights @ agreeing / total, (shares**2).sum(axis=1))

    return _estimate(kappa, len(counts), rng)


def krippendorff_alpha(ratings: Ratings, rng: np.random.Generator) -> Estimate:
    """Krippendorff's alpha for nominal labels, any number of annotators, missing ratings allowed.

    α = 1 − (n − 1) Σ_u D_u / (n² − Σ_c n_c²), D_u = (m_u² − Σ_c m_uc²) / (m_u − 1) over items with at least two of
    the n ratings. Range (−1, 1]. Source: Krippendorff (2018), *Content Analysis*, ch. 12; the value is evalica's. The
    interval resamples items, as Zapf et al. (2016), BMC Medical Research Methodology 16:93 recommend: Krippendorff's
    own bootstrap (evalica's ``alpha_bootstrap``) resamples pairs of ratings as if they were independent of each
    other. ``None`` where all ratings are one label.
    """
    counts, sizes = _counts(ratings)
    if not len(counts):
        return Estimate(None, None, None, 0)
    apart = (sizes**2 - (counts**2).sum(axis=1)) / (sizes - 1)

    def alpha(weights: Array) -> Array:
        import numpy as np

        totals = weights @ counts
        n = totals.sum(axis=1)
        possible = n**2 - (totals**2).sum(axis=1)
        safe = np.where(possible > 0, possible, 1)
        return np.where(possible > 0, 1 - (n - 1) * (weights @ apart) / safe, np.nan)

    estimate = _estimate(alpha, len(counts), rng)
    if estimate.value is None:
        return estimate
    return Estimate(_evalica_alpha(ratings), estimate.low, estimate.high, estimate.n)


def _evalica_alpha(ratings: Ratings) -> float:
    import evalica
    import pandas as pd

    codes: dict[Hashable, float] = {}
    table = [
        [float("nan") if label is None else codes.setdefault(label, float(len(codes))) for label in item]
        for item in ratings
    ]
    return float(evalica.alpha(pd.DataFrame(table).T, distance="nominal").alpha)


def _counts(ratings: Ratings) -> tuple[Array, Array]:
    """Items with at least two ratings as rows of counts per label, and the number of ratings of each."""
    import numpy as np

    rated = [[label for label in item if label is not None] for item in ratings]
    rated = [item for item in rated if len(item) >= 2]
    labels = {label: place for place, label in enumerate(dict.fromkeys(x for item in rated for x in item))}
    counts = np.zeros((len(rated), len(labels)))
    for row, item in enumerate(rated):
        for label in item:
            counts[row, labels[label]] += 1
    return counts, counts.sum(axis=1)


def _agreeing(counts: Array, sizes: Array) -> Array:
    """Share of agreeing pairs of ratings of each item."""
    agreeing: Array = ((counts**2).sum(axis=1) - sizes) / (sizes * (sizes - 1))
    return agreeing


def _beyond_chance(observed: Array, chance: Array) -> Array:
    import numpy as np

    room = 1 - chance
    return np.where(room > 1e-12, (observed - chance) / np.where(room > 1e-12, room, 1), np.nan)


def _estimate(statistic: Callable[[Array], Array], items: int, rng: np.random.Generator) -> Estimate:
    """The statistic with every item once, and its 2.5 and 97.5 percentiles with items drawn with replacement.

    ``statistic`` takes rows of weights, one weight per item, and answers one value per row (nan: none).
    """
    import numpy as np

    value = float(statistic(np.ones((1, items)))[0])
    if not np.isfinite(value):
        return Estimate(None, None, None, items)
    if items < 2:
        return Estimate(value, None, None, items)
    draws = statistic(rng.multinomial(items, np.full(items, 1 / items), size=RESAMPLES).astype(float))
    finite = draws[np.isfinite(draws)]
    if len(finite) < RESAMPLES / 2 or np.ptp(finite) < 1e-12:
        return Estimate(value, None, None, items)
    low, high = np.quantile(finite, [0.025, 0.975])
    return Estimate(value, float(low), float(high), items)
