"""Several metrics on one page give several chances to be wrong."""

from collections.abc import Sequence


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down adjustment, in the order given; controls the chance of any false claim on the page.

    Adjusted p₍ᵢ₎ = max_{j≤i} min(1, (m − j + 1) p₍ⱼ₎) over the m values that are not ``None``. Range [p, 1].
    Source: Holm (1979), Scandinavian Journal of Statistics 6, 65–70.
    """
    known = sorted((p, index) for index, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    running = 0.0
    for rank, (p, index) in enumerate(known):
        running = max(running, min(1.0, (len(known) - rank) * p))
        adjusted[index] = running
    return adjusted
