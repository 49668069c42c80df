"""Requests by their length. Pure."""

from collections.abc import Mapping


def length_labels(lengths: Mapping[str, int]) -> dict[str, str]:
    """Requests in three equal parts by their length in characters: a label that says the bounds; none for fewer than 15
    cases, or where the parts would not differ."""
    ordered = sorted(lengths.values())
    if len(ordered) < 15:
        return {}
    low, high = ordered[len(ordered) // 3], ordered[2 * len(ordered) // 3]
    if low == high:
        return {}
    return {case: _length_label(length, low, high) for case, length in lengths.items()}


def _length_label(length: int, low: int, high: int) -> str:
    if length < low:
        return f"under {low:,} characters"
    return f"{low:,} to {high - 1:,} characters" if length < high else f"{high:,} characters or more"
