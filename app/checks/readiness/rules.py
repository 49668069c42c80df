"""The eight points together: judged, counted, and said in one sentence. Pure.

*fail*: the data as they stand would teach something wrong, or nothing can be measured. *attention*: a person should
look; where evidence is missing altogether (not scanned, not signed) it also blocks (``Item.missing``). Nothing passes
unmeasured. The data are *ready* when no point fails and no evidence is missing. Thresholds and their reasons stand
beside each point: ``points_read``, ``points_found``, ``points_covered``.
"""

from collections.abc import Iterable, Sequence

from app.checks.readiness.facts import Facts
from app.checks.readiness.items import BY_WEIGHT, FAIL, NO_EXAMPLES, PASS, Item
from app.checks.readiness.points_covered import edge_cases, refusals_escalations
from app.checks.readiness.points_found import consistent_format, deduplicated, held_out_test_set, sensitive_data
from app.checks.readiness.points_read import exact_behavior, realistic_requests

POINTS = (
    realistic_requests,
    exact_behavior,
    consistent_format,
    edge_cases,
    refusals_escalations,
    deduplicated,
    sensitive_data,
    held_out_test_set,
)


def judge(facts: Facts) -> list[Item]:
    """All eight, in the order in which they are shown."""
    return [point(facts) for point in POINTS]


def ready(items: Iterable[Item]) -> bool:
    return not any(item.blocks for item in items)


def passed(items: Iterable[Item]) -> int:
    return sum(item.state == PASS for item in items)


def by_urgency(items: Iterable[Item]) -> list[Item]:
    """All that does not pass, worst first: fails, then missing evidence, then what is only to be looked at."""
    found = [item for item in items if item.state != PASS]
    return sorted(found, key=lambda item: (item.state != FAIL, not item.missing, BY_WEIGHT.index(item.key)))


def sentence(items: Sequence[Item]) -> tuple[str, str]:
    """(the answer to "is the data ready to train on?", what blocks first)."""
    urgent = by_urgency(items)
    blocking = list(dict.fromkeys(item.short for item in urgent if item.blocks))  # one scan answers several points
    if NO_EXAMPLES in blocking:
        return "Not ready to train on", "There is no approved example yet: import some and review them."
    if blocking:
        first, *others = blocking
        more = f"; then {_joined(others)}" if others else ""
        return "Not ready to train on", f"First: {first}{more}."
    if urgent:
        return "Ready to train on", f"Nothing blocks. Worth a look: {_joined([item.short for item in urgent])}."
    return "Ready to train on", "All eight points hold."


def _joined(parts: Sequence[str]) -> str:
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]
