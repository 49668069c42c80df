"""Does the tuned model follow general instructions less well than its base? Pure."""

from collections.abc import Sequence

from app.core.stats.needed import cases_to_show
from app.core.stats.results import Estimate, PairedDifference
from app.finetunes.doctor.findings import Finding, Measure, Row, State
from app.web.words import percent, points

MARGIN = 0.05
WHY = (
    "A drop is found where its whole interval lies below 0. None is found where the whole interval lies above "
    "−5 points: within it, what a user of the model would notice is small against what the task gains."
)
NO_SUITE = (
    "no sealed set of kind “general” with instructions that can be checked was answered by both the tuned model and "
    "its base"
)


def examine(sides: tuple[Estimate, Estimate, PairedDifference] | None, rows: Sequence[Row]) -> Finding:
    """``sides``: the base, the tuned model, and their paired difference in ``general_instruction_following`` on the
    general sets; ``rows``: cases that the base followed and the tuned model does not."""
    if sides is None or not sides[2].n or sides[2].difference is None:
        return Finding("general_instructions", "cannot_tell", "", NO_SUITE)
    base, tuned, change = sides
    state = _state(change)
    missing = ""
    if state == "cannot_tell":
        missing = (
            f"{change.n:,} cases leave the change between {points(change.low)} and {points(change.high)} points"
            f"{_needed(base, change)}"
        )
    sentence = (
        f"It follows {percent(tuned.value)} of {change.n:,} general instructions, the base {percent(base.value)}: "
        f"{points(change.difference)} points."
    )
    measures = [
        Measure("Change against the base", change.difference, change.low, change.high, change.n, "points", 0.0, WHY),
        Measure("The base", base.value, base.low, base.high, base.n),
        Measure("The tuned model", tuned.value, tuned.low, tuned.high, tuned.n),
    ]
    return Finding("general_instructions", state, sentence, missing, measures, rows)


def _state(change: PairedDifference) -> State:
    if change.low is None or change.high is None:
        return "cannot_tell"
    if change.low > -MARGIN:
        return "not_found"
    return "found" if change.high < 0 else "cannot_tell"


def _needed(base: Estimate, change: PairedDifference) -> str:
    """How many cases could show a drop of the margin, if the two differ on as many cases as they may."""
    share = base.value or 0.0
    needed = cases_to_show(MARGIN, max(MARGIN, min(0.3, 2 * share * (1 - share))))
    return f"; a drop of 5 points would need about {needed:,} to show" if needed and needed > change.n else ""
