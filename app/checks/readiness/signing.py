"""When a signature still holds. Pure.

A person who has read 30 random rows without a miss may say that, most likely, fewer than one in ten is wrong (the rule
of three: 3/30). Once more than a tenth of the rows are new, edited or gone, that sentence is about other data: the
signature has lapsed, and says so. Smaller changes are shown and do not undo it.
"""

from app.checks.readiness.facts import Facts, Signed

SAMPLE = 30
MOST_CHANGED = 0.10
SIGNED = ("realistic_requests", "exact_behavior")  # judgement: nothing measures these but a reader
WAIVABLE = ("edge_cases", "refusals_escalations")  # some projects have none, and a person says so


def changed(signed: Signed, approved: int) -> int:
    """Examples that are new, edited or gone since."""
    return max(signed.rested_on, approved) - signed.kept


def holds(signed: Signed, approved: int) -> bool:
    return changed(signed, approved) <= MOST_CHANGED * max(signed.rested_on, 1)


def current(facts: Facts, key: str, action: str) -> Signed | None:
    """The signature that counts now, or None where there is none, or it has lapsed or was withdrawn."""
    found = facts.signed.get(key)
    if found is None or found.action != action:
        return None
    return found if action == "not_needed" or holds(found, facts.approved) else None


def sentence(signed: Signed | None, approved: int) -> str:
    """``signed by Ana on 3 May, resting on 187 approved examples``; what changed since is said too."""
    if signed is None or signed.action == "withdraw":
        return "nobody has signed"
    day = f"{signed.at:%-d %b %Y}"
    if signed.action == "not_needed":
        return f"not needed here, says {signed.who} ({day}): {signed.note}"
    number = changed(signed, approved)
    since = f"; {number:,} of {max(signed.rested_on, approved):,} new, edited or gone since" if number else ""
    if not holds(signed, approved):
        return f"{signed.who}'s signature of {day} has lapsed{since}"
    return f"signed by {signed.who}, {day}{since}"
