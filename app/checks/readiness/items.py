"""One point of the checklist, judged. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from app.checks.readiness.facts import Facts
from app.web.words import plural

KEYS = (
    "realistic_requests",
    "exact_behavior",
    "consistent_format",
    "edge_cases",
    "refusals_escalations",
    "deduplicated",
    "sensitive_data",
    "held_out_test_set",
)
LABELS = {
    "realistic_requests": "Requests are real or realistic",
    "exact_behavior": "Answers are exactly what production should say",
    "consistent_format": "Formatting is consistent",
    "edge_cases": "Edge cases are in",
    "refusals_escalations": "Refusals, questions back and escalations are in",
    "deduplicated": "No duplicates",
    "sensitive_data": "Sensitive data is removed or approved",
    "held_out_test_set": "A separate test set is held out",
}
# What hurts most when it is trained on comes first: what leaked cannot be taken back, what is missing can be added
BY_WEIGHT = (
    "sensitive_data",
    "held_out_test_set",
    "exact_behavior",
    "deduplicated",
    "consistent_format",
    "refusals_escalations",
    "edge_cases",
    "realistic_requests",
)
PASS, ATTENTION, FAIL = "pass", "attention", "fail"
NO_EXAMPLES = "no approved example yet"


@dataclass(frozen=True)
class Item:
    """``missing`` says of an *attention* that evidence is not there yet (no scan, no signature): it blocks like a fail.

    ``short`` is the point in a few words, for the overview; ``where`` filters the list of examples to the rows that
    are meant, ``page`` names another page instead; ``need`` is what would help: 'scan', 'sign' or nothing.
    """

    key: str
    state: str
    measured: str
    required: str
    short: str = ""
    missing: bool = False
    need: str | None = None
    where: Mapping[str, str] = field(default_factory=dict)
    page: str | None = None

    @property
    def label(self) -> str:
        return LABELS[self.key]

    @property
    def blocks(self) -> bool:
        return self.state == FAIL or self.missing


def empty(key: str, required: str) -> Item:
    return Item(key, FAIL, NO_EXAMPLES, required, NO_EXAMPLES)


def scanned(facts: Facts, item: Item, known: str = "") -> Item:
    """Never a pass, nor a mere attention, on rows that no detector has looked at. ``known`` is what is true anyway;
    a pass without it says only what is not known, because "none found" would say too much."""
    return _unproven(item, f"{plural(facts.unscanned, 'example')} not scanned", known) if facts.unscanned else item


def compared(facts: Facts, item: Item, known: str = "") -> Item:
    """The same for what rests on the comparison of requests with one another."""
    if facts.not_compared:
        return _unproven(item, f"{plural(facts.not_compared, 'request')} not compared yet", known)
    return scanned(facts, item, known)


def _unproven(item: Item, why: str, known: str) -> Item:
    known = known if item.state == PASS else item.measured
    measured = f"{known} · {why}" if known else why
    return replace(item, state=ATTENTION, measured=measured, short=why, missing=True, need="scan")
