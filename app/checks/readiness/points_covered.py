"""The points about what is in: edge cases, and every behaviour that is wanted. Pure."""

from collections.abc import Sequence

from app.checks.readiness import coverage, signing
from app.checks.readiness.facts import Facts
from app.checks.readiness.items import ATTENTION, FAIL, PASS, Item, empty
from app.web.words import plural

# In a batch of 16, something that is rarer than one in twenty is met in fewer than half of the steps
LEAST_EDGE_SHARE = 0.05
LEAST_EDGES = 10
# A behaviour shown fewer than five times, or in less than 2 % of the rows, is drowned by plain answers
LEAST_OF_A_BEHAVIOR = 5
LEAST_BEHAVIOR_SHARE = 0.02
# A tag that the test sets ask for this often is a subject of its own, not a single odd case
ASKED_OFTEN = 3
NOUNS = {"refuse": "refusals", "clarify": "questions back", "escalate": "escalations"}


def edge_cases(facts: Facts) -> Item:
    """At least 5 % of the rows, and ten, are tagged as edge cases, and no subject that the test sets ask for three
    times is absent. None at all fails, unless a person has said that the project has none."""
    key, required = "edge_cases", "5 % tagged as edge cases, and every subject of the test sets"
    if not facts.approved:
        return empty(key, required)
    tagged = coverage.edge_tags(facts.by_tag)
    edges = max((count for _tag, count in tagged), default=0)
    asked = {tag: count for tag, count in facts.test_tags.items() if count >= ASKED_OFTEN}
    absent = coverage.missing(coverage.tags(facts.by_tag, asked))
    where = {"tag": tagged[0][0]} if tagged else {}
    measured = f"{edges:,} of {facts.approved:,} tagged" + (f" · none for {_listed(absent)}" if absent else "")
    waived = signing.current(facts, key, "not_needed")
    if waived and not edges and not absent:
        return Item(key, PASS, signing.sentence(waived, facts.approved), required, need="waive")
    if not edges:
        return Item(key, FAIL, measured, required, "no edge cases", need="waive")
    if absent:
        return Item(key, ATTENTION, measured, required, f"no example for {_listed(absent, 2)}", where=where)
    if edges < max(LEAST_EDGES, LEAST_EDGE_SHARE * facts.approved):
        return Item(key, ATTENTION, measured, required, f"only {plural(edges, 'edge case')}", where=where)
    return Item(key, PASS, measured, required, where=where)


def refusals_escalations(facts: Facts) -> Item:
    """Refusing, asking back and handing over each stand in at least 2 % of the rows, and five. A behaviour that has
    none fails; a person may say that the project does without, as long as no test case expects it."""
    key, required = "refusals_escalations", "each of refuse, clarify, escalate in 2 % of the rows, and five"
    if not facts.approved:
        return empty(key, required)
    counts = {name: facts.by_behavior.get(name, 0) for name in ("refuse", "clarify", "escalate")}
    absent = [name for name, count in counts.items() if not count]
    measured = " · ".join(f"{count:,} {name}" for name, count in counts.items())
    unmarked = facts.by_behavior.get("", 0)
    measured += f" · {unmarked:,} not marked" if unmarked else ""
    waived = signing.current(facts, key, "not_needed")
    if absent and waived and not any(facts.test_behaviors.get(name) for name in absent):
        return Item(key, PASS, signing.sentence(waived, facts.approved), required, need="waive")
    if absent:
        where = {"behavior": next((name for name, count in counts.items() if count), "answer")}
        return Item(key, FAIL, measured, required, f"no {_examples_of(absent)}", need="waive", where=where)
    least = max(LEAST_OF_A_BEHAVIOR, LEAST_BEHAVIOR_SHARE * facts.approved)
    few = [name for name, count in counts.items() if count < least]
    if few:
        return Item(key, ATTENTION, measured, required, f"few {_examples_of(few)}", where={"behavior": few[0]})
    return Item(key, PASS, measured, required, where={"behavior": "escalate"})


def _listed(names: Sequence[str], most: int = 3) -> str:
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def _examples_of(behaviors: Sequence[str]) -> str:
    return " or ".join(NOUNS[name] for name in behaviors)
