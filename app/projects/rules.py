"""Roles and goals, and what they mean."""

ROLES = ("viewer", "annotator", "engineer", "admin")
GOALS = ("tone_style", "classification", "structured_output", "complex_domain")
GOAL_WORDS = {
    "tone_style": "tone and style",
    "classification": "classification",
    "structured_output": "structured replies",
    "complex_domain": "complex domain workflow",
}
# how many examples to start with, by goal: (low, high or None for 'and more')
SIZE_BANDS: dict[str, tuple[int, int | None]] = {
    "tone_style": (50, 200),
    "classification": (200, 1000),
    "structured_output": (200, 1000),
    "complex_domain": (1000, None),
}


def at_least(role: str, needed: str) -> bool:
    return ROLES.index(role) >= ROLES.index(needed)


def lower(first: str, second: str) -> str:
    """The weaker of two roles."""
    return min(first, second, key=ROLES.index)
