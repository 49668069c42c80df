"""How sure a ranking is of each two of its members."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import log, sqrt
from statistics import NormalDist


def order_doubt(votes: Sequence[tuple[str, str, float]]) -> dict[tuple[str, str], float]:
    """For each two names the probability that the Bradley–Terry fit has them the wrong way round: Φ(−|d|/se), in
    (0, ½]; ½ is no idea.

    ``votes``: (a, b, score of a: 1, ½ or 0). evalica fits the strengths, one tie added to every two names as in
    ``preference.bradley_terry``. se² of a difference is x'I⁺x with x = e_a − e_b and I the Fisher information of the
    fit, Σ n_ab p_ab (1 − p_ab) (e_a − e_b)(e_a − e_b)'. Source: Hunter (2004), Annals of Statistics 32, 384–406.
    """
    import evalica
    import numpy as np
    import pandas as pd

    names = sorted({name for a, b, _ in votes for name in (a, b)})
    two = list(combinations(names, 2))
    if not two:
        return {}
    played = [*votes, *((a, b, 0.5) for a, b in two)]
    won = {1.0: evalica.Winner.X, 0.0: evalica.Winner.Y, 0.5: evalica.Winner.Draw}
    fitted = evalica.bradley_terry(
        xs=[a for a, _, _ in played],
        ys=[b for _, b, _ in played],
        winners=[won[score] for _, _, score in played],
        index=pd.Index(names),
        tolerance=1e-8,
        limit=1000,
    )
    strength = [log(fitted.scores[name]) for name in names]
    place = {name: number for number, name in enumerate(names)}
    information = np.zeros((len(names), len(names)))
    for a, b, _ in played:
        i, j = place[a], place[b]
        p = 1 / (1 + np.exp(strength[j] - strength[i]))
        weight = p * (1 - p)
        information[[i, j], [i, j]] += weight
        information[[i, j], [j, i]] -= weight
    spread = np.linalg.pinv(information)
    doubts = {}
    for a, b in two:
        i, j = place[a], place[b]
        error = sqrt(max(float(spread[i, i] + spread[j, j] - 2 * spread[i, j]), 1e-12))
        doubts[a, b] = NormalDist().cdf(-abs(strength[i] - strength[j]) / error)
    return doubts
