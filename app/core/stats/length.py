"""Whether the longer answer wins because it is longer."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from math import exp
from typing import TYPE_CHECKING, Any

from app.core.stats.clusters import critical_value
from app.core.stats.results import Estimate

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

STEPS = 50
LARGEST = 15.0  # log odds: beyond, the likelihood has no maximum (all votes on one side of some length)


def length_controlled_rate(
    scores: Sequence[float], longer_by: Sequence[float], groups: Sequence[Hashable], level: float = 0.95
) -> Estimate:
    """Win rate if both answers were of one length, range (0, 1).

    ``scores``: 1 won, 0 lost, ½ neither; ``longer_by``: characters by which the candidate's answer is the longer one.
    Logistic regression of the score on tanh(difference / standard deviation of the differences); the rate is
    1/(1 + exp(−intercept)). That is the length term of Dubois et al. (2024), *Length-Controlled AlpacaEval*,
    arXiv:2404.04475, without their term for the difficulty of an instruction, which one pair of candidates cannot
    identify. Half scores: the quasi-likelihood of Papke & Wooldridge (1996), Journal of Applied Econometrics 11,
    619–632. Interval: the standard error that keeps ``groups`` together (Liang & Zeger 1986, Biometrika 73, 13–22,
    times K/(K − 1)), Student's t with K − 1 degrees of freedom, on the scale of log odds. No value where lengths do not
    differ or one side won everything: there is nothing to regress.
    """
    import numpy as np

    n = len(scores)
    y, gaps = np.asarray(scores, dtype=float), np.asarray(longer_by, dtype=float)
    spread = float(gaps.std()) if n else 0.0
    if spread == 0 or len(set(y.tolist())) < 2:
        return Estimate(None, None, None, n)
    x = np.column_stack([np.ones(n), np.tanh(gaps / spread)])
    beta = _fit(x, y)
    if beta is None:
        return Estimate(None, None, None, n)
    value = 1 / (1 + exp(-beta[0]))
    units = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    if len(units) < 3:
        return Estimate(value, None, None, n)
    half = critical_value(level, len(units) - 1) * _standard_error(x, y, beta, np.array([units[g] for g in groups]))
    low, high = (1 / (1 + exp(-min(max(at, -700.0), 700.0))) for at in (beta[0] - half, beta[0] + half))
    return Estimate(value, low, high, n)


def _fit(x: Array, y: Array) -> Array | None:
    """Newton's method; None where the likelihood has no maximum."""
    import numpy as np

    beta = np.zeros(2)
    for _ in range(STEPS):
        fitted = 1 / (1 + np.exp(-x @ beta))
        information = (x * (fitted * (1 - fitted))[:, None]).T @ x
        if np.linalg.det(information) < 1e-10:
            return None
        step = np.linalg.solve(information, x.T @ (y - fitted))
        beta = beta + step
        if np.abs(beta).max() > LARGEST:
            return None
        if np.abs(step).max() < 1e-9:
            return beta
    return None


def _standard_error(x: Array, y: Array, beta: Array, unit_of: Array) -> float:
    """Of the intercept, groups kept together."""
    import numpy as np

    fitted = 1 / (1 + np.exp(-x @ beta))
    bread = np.linalg.inv((x * (fitted * (1 - fitted))[:, None]).T @ x)
    count = int(unit_of.max()) + 1
    sums = np.zeros((count, 2))
    np.add.at(sums, unit_of, x * (y - fitted)[:, None])
    covariance = bread @ (sums.T @ sums) @ bread * count / (count - 1)
    return float(np.sqrt(covariance[0, 0]))
