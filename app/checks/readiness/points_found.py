"""The points that the detectors answer: format, copies, sensitive data, leaks into the test sets. Pure."""

from app.checks.readiness.facts import Facts
from app.checks.readiness.items import ATTENTION, FAIL, PASS, Item, compared, empty, scanned
from app.web.words import plural

# Above one in a hundred, odd formats are a pattern that the model will reproduce; below, they are slips to look at
MOST_FORMAT_SHARE = 0.01
# Copies beyond one in twenty weigh visibly more than their share in the loss; fewer are a matter of tidiness
MOST_NEAR_SHARE = 0.05
# With 50 cases a rate is known to about ± 14 points, with 100 to ± 10: below that, little can be shown at all
LEAST_TEST_CASES = 50
SENSITIVE = ("secret", "sensitive")
NAMES = {
    "email": ("e-mail address", "e-mail addresses"),
    "phone": ("phone number", "phone numbers"),
    "card": ("card number", "card numbers"),
    "credit_card": ("card number", "card numbers"),
    "iban": ("IBAN", "IBANs"),
    "ip": ("IP address", "IP addresses"),
    "ip_address": ("IP address", "IP addresses"),
    "us_ssn": ("social security number", "social security numbers"),
    "ssn": ("social security number", "social security numbers"),
    "name": ("person's name", "people's names"),
    "person": ("person's name", "people's names"),
}


def consistent_format(facts: Facts) -> Item:
    """No answer breaks the project's schema or style. Up to 1 % is attention, more fails; lengths far outside the
    rest are attention only, as a long answer may be right."""
    key, required = "consistent_format", "no open finding; more than 1 % fails"
    if not facts.approved:
        return empty(key, required)
    broken, odd = facts.open("format"), facts.open("outlier")
    parts = [plural(broken, "example") + " with a broken format"] if broken else []
    parts += [f"{odd:,} of unusual length"] if odd else []
    measured = " · ".join(parts) or f"none of {facts.approved:,} breaks the format"
    where = {"finding": "format" if broken else "outlier"} if parts else {}
    if broken > MOST_FORMAT_SHARE * facts.approved:
        return Item(key, FAIL, measured, required, f"{broken:,} with a broken format", where=where)
    if parts:
        short = f"{broken:,} with a broken format" if broken else f"{odd:,} of unusual length"
        return scanned(facts, Item(key, ATTENTION, measured, required, short, where=where))
    return scanned(facts, Item(key, PASS, measured, required))


def deduplicated(facts: Facts) -> Item:
    """No exact copies. Near copies up to 5 % are attention, more fail. Likeness in meaning is only told: requests of
    one kind are alike by design."""
    key, required = "deduplicated", "no copies; near copies in at most 5 % of the rows"
    if not facts.approved:
        return empty(key, required)
    exact, near, alike = facts.open("duplicate"), facts.open("near_duplicate"), facts.open("semantic_duplicate")
    parts = [plural(exact, "exact duplicate")] if exact else []
    parts += [plural(near, "near-duplicate")] if near else []
    measured = " · ".join([*parts, *([f"{alike:,} alike in meaning"] if alike else [])])
    measured = measured or f"none among {facts.approved:,}"
    where = {"finding": "duplicate" if exact else "near_duplicate"} if parts else {}
    if exact or near > MOST_NEAR_SHARE * facts.approved:
        return Item(key, FAIL, measured, required, " and ".join(parts), where=where)
    if near:
        return compared(facts, Item(key, ATTENTION, measured, required, plural(near, "near-duplicate"), where=where))
    return compared(facts, Item(key, PASS, measured, required))


def sensitive_data(facts: Facts) -> Item:
    """Nothing personal or secret stands in a row, except where a named person approved it for training and the
    approval has not expired. One is too many: what a model has learned cannot be taken out of it."""
    key, required = "sensitive_data", "none that is not approved for training"
    if not facts.approved:
        return empty(key, required)
    found = [one for one in facts.findings if one.kind in SENSITIVE and one.state == "open"]
    accepted = facts.accepted(*SENSITIVE)
    measured = " · ".join(sensitive_words(one.code, one.examples) for one in found)
    known = f"{accepted:,} approved for training" if accepted else ""
    measured = " · ".join(filter(None, (measured or f"none found in {facts.approved:,}", known)))
    if found:
        first = found[0]
        where = {"finding": first.kind}
        return Item(key, FAIL, measured, required, sensitive_words(first.code, first.examples), where=where)
    return scanned(facts, Item(key, PASS, measured, required), known)


def held_out_test_set(facts: Facts) -> Item:
    """At least one sealed set, and nothing of it in the training pool. Fewer than 50 cases are attention: hardly any
    difference could be shown on them."""
    key, required = "held_out_test_set", f"a sealed set of {LEAST_TEST_CASES} cases or more, none of it in training"
    leaks = facts.open("leak")
    if not facts.sealed_sets:
        drafts = f"none sealed · {plural(facts.draft_cases, 'case')} in drafts" if facts.draft_cases else "none yet"
        return Item(key, FAIL, drafts, required, "no sealed test set", page="test-sets")
    measured = f"{plural(facts.sealed_cases, 'case')} in {plural(facts.sealed_sets, 'sealed set')}"
    if leaks:
        measured += f" · {plural(leaks, 'training example')} like a case"
        return Item(key, FAIL, measured, required, plural(leaks, "leak"), where={"finding": "leak"})
    if facts.sealed_cases < LEAST_TEST_CASES:
        few = f"only {plural(facts.sealed_cases, 'test case')}"
        return compared(facts, Item(key, ATTENTION, measured, required, few, page="test-sets"))
    return compared(facts, Item(key, PASS, measured, required, page="test-sets"), measured)


def sensitive_words(code: str, count: int) -> str:
    """``4 e-mail addresses``: what a detector calls it, in people's words."""
    one, many = NAMES.get(code, (code.replace("_", " "), f"of {code.replace('_', ' ')}"))
    return plural(count, one, many)
