"""How far people (or a judge and people) agree on labels, with intervals from leaving the items out one by one.

Ratings come as one sequence per item, one place per annotator, ``None`` where that annotator did not rate the item.
Every coefficient is 1 for perfect agreement and 0 for agreement as by chance (it may be negative); where no item has
two ratings, or chance alone would always agree, there is no value. Where every item agrees (or none does), the items
cannot tell how far chance reaches, and there is a value without limits.

A coefficient is a function of sums over the items (``Coefficient``), so that leaving one out is a subtraction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from math import atanh, sqrt, tanh
from typing import TYPE_CHECKING, Any

from app.core.stats.clusters import critical_value
from app.core.stats.rates import rate
from app.core.stats.results import Estimate

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

Ratings = Sequence[Sequence[Hashable | None]]
Groups = Sequence[Hashable] | None  # one per item: items of one group are drawn together
Coefficient = Callable[["Array"], "Array"]  # (rows, columns summed over items) → one value a row, nan: none


def percent_agreement(ratings: Ratings, groups: Groups = None) -> Estimate:
    """Share of agreeing pairs of ratings, averaged over items with at least two; range [0, 1].

    Per item Σ_c m_c (m_c − 1) / (m (m − 1)), m_c ratings of label c among m (Fleiss 1971); Wilson's interval, which
    keeps a width where everyone agreed.
    """
    counts, sizes = _counts(ratings)
    return rate(_agreeing(counts, sizes).tolist(), _of_rated(ratings, groups)) if len(counts) else rate([])


def cohen_kappa(
    first: Sequence[Hashable | None],
    second: Sequence[Hashable | None],
    groups: Groups = None,
) -> Estimate:
    """Cohen's kappa of two annotators over the items that both rated: (p_o − p_e) / (1 − p_e), p_e = Σ_c p₁c p₂c.

    Range [−1, 1]. Source: Cohen (1960), Educational and Psychological Measurement 20, 37–46.
    """
    import numpy as np

    both = [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    of = _of_rated(list(zip(first, second, strict=True)), groups)
    if not both:
        return Estimate(None, None, None, 0)
    labels = {label: place for place, label in enumerate(dict.fromkeys(label for pair in both for label in pair))}
    one, two = (np.eye(len(labels))[[labels[pair[side]] for pair in both]] for side in (0, 1))
    same = np.array([float(a == b) for a, b in both])

    def kappa(sums: Array) -> Array:
        total, (ones, twos) = sums[:, 0], np.split(sums[:, 2:], 2, axis=1)
        return _beyond_chance(_over(sums[:, 1], total), _over((ones * twos).sum(axis=1), total**2))

    return _estimate(kappa, np.column_stack([np.ones(len(both)), same, one, two]), of)


def fleiss_kappa(ratings: Ratings, groups: Groups = None) -> Estimate:
    """Fleiss' kappa: (P̄ − P̄_e) / (1 − P̄_e), P̄ the percent agreement, P̄_e = Σ_c p_c².

    Defined for the same number of ratings on each item: items with another number than the commonest (at least two)
    are left out, and ``n`` says how many remain; ``krippendorff_alpha`` uses them all. Range [−1, 1].
    Source: Fleiss (1971), Psychological Bulletin 76, 378–382.
    """
    counts, sizes = _counts(ratings)
    if not len(counts):
        return Estimate(None, None, None, 0)
    import numpy as np

    commonest = max(Counter(sizes.tolist()).items(), key=lambda entry: (entry[1], entry[0]))[0]
    of = _of_rated(ratings, groups)
    of = None if of is None else [group for group, size in zip(of, sizes.tolist(), strict=True) if size == commonest]
    counts = counts[sizes == commonest]
    agreeing = _agreeing(counts, sizes[sizes == commonest])

    def kappa(sums: Array) -> Array:
        total = sums[:, 0]
        return _beyond_chance(_over(sums[:, 1], total), _over((sums[:, 2:] ** 2).sum(axis=1), (total * commonest) ** 2))

    return _estimate(kappa, np.column_stack([np.ones(len(counts)), agreeing, counts]), of)


def krippendorff_alpha(ratings: Ratings, groups: Groups = None) -> Estimate:
    """Krippendorff's alpha for nominal labels, any number of annotators, missing ratings allowed.

    α = 1 − (n − 1) Σ_u D_u / (n² − Σ_c n_c²), D_u = (m_u² − Σ_c m_uc²) / (m_u − 1) over items with at least two of
    the n ratings. Range (−1, 1]. Source: Krippendorff (2018), *Content Analysis*, ch. 12; the value is evalica's. The
    interval takes items as the units, as Zapf et al. (2016), BMC Medical Research Methodology 16:93 recommend:
    Krippendorff's own bootstrap (evalica's ``alpha_bootstrap``) resamples pairs of ratings as if they were independent
    of each other. ``None`` where all ratings are one label.
    """
    import numpy as np

    counts, sizes = _counts(ratings)
    if not len(counts):
        return Estimate(None, None, None, 0)
    apart = (sizes**2 - (counts**2).sum(axis=1)) / (sizes - 1)

    def alpha(sums: Array) -> Array:
        n = sums[:, 1:].sum(axis=1)
        return 1 - _over((n - 1) * sums[:, 0], n**2 - (sums[:, 1:] ** 2).sum(axis=1))

    estimate = _estimate(alpha, np.column_stack([apart, counts]), _of_rated(ratings, groups))
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


def _of_rated(ratings: Ratings, groups: Groups) -> Groups:
    """The groups of the items with at least two ratings."""
    if groups is None:
        return None
    kept = zip(ratings, groups, strict=True)
    return [group for item, group in kept if sum(label is not None for label in item) >= 2]


def _agreeing(counts: Array, sizes: Array) -> Array:
    """Share of agreeing pairs of ratings of each item."""
    agreeing: Array = ((counts**2).sum(axis=1) - sizes) / (sizes * (sizes - 1))
    return agreeing


def _over(top: Array, bottom: Array) -> Array:
    """nan where there is nothing to divide by."""
    import numpy as np

    return np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1), np.nan)


def _beyond_chance(observed: Array, chance: Array) -> Array:
    import numpy as np

    room = 1 - chance
    return np.where(room > 1e-12, (observed - chance) / np.where(room > 1e-12, room, 1), np.nan)


def _estimate(coefficient: Coefficient, items: Array, groups: Groups = None) -> Estimate:
    """The coefficient of the sums of ``items`` (one row each), and its 95 % interval.

    Standard error by the jackknife over the k units, an item or a group of them: √((k − 1)/k Σ (c₍ᵢ₎ − c̄)²), c₍ᵢ₎
    without unit i (Efron & Stein 1981, Annals of Statistics 9, 586–596). Limits by Student's t with k − 1 degrees of
    freedom on the scale of atanh, which Lin (1989, Biometrics 45, 255–268) takes for the concordance coefficient, of
    which kappa is a case: there the spread depends little on the value, and no limit is beyond 1.
    ``benchmarks/agreement_intervals.py`` says how often it holds the truth, beside a bootstrap. No limits where
    leaving one unit out leaves no value.
    """
    import numpy as np

    n = len(items)
    value = float(coefficient(items.sum(axis=0, keepdims=True))[0])
    if not np.isfinite(value):
        return Estimate(None, None, None, n)
    units = items if groups is None else _summed(items, groups)
    k = len(units)
    without = coefficient(units.sum(axis=0) - units) if k > 1 else np.full(1, np.nan)
    error = sqrt((k - 1) / k * float(((without - without.mean()) ** 2).sum()))
    if not np.isfinite(error) or error < 1e-12 or abs(value) > 1 - 1e-12:
        return Estimate(value, None, None, n)
    middle, reach = atanh(value), critical_value(0.95, k - 1) * error / (1 - value**2)
    return Estimate(value, tanh(middle - reach), tanh(middle + reach), n)


def _summed(items: Array, groups: Sequence[Hashable]) -> Array:
    import numpy as np

    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    units = np.zeros((len(numbers), items.shape[1]))
    np.add.at(units, [numbers[group] for group in groups], items)
    return units
