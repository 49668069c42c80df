"""The points that only a reader can judge: requests and answers. Pure."""

from app.checks.readiness import signing
from app.checks.readiness.facts import Facts
from app.checks.readiness.items import ATTENTION, FAIL, PASS, Item, empty, scanned
from app.web.words import plural


def realistic_requests(facts: Facts) -> Item:
    """A person has read a sample of the requests and signed. Sources are counted, but only a reader can judge:
    where most rows are synthetic and nobody has signed, it fails."""
    key, required = "realistic_requests", f"a named person has read {signing.SAMPLE} of them and signed"
    if not facts.approved:
        return empty(key, required)
    synthetic = facts.by_source.get("synthetic", 0)
    measured = f"{_sources(facts)} · {signing.sentence(facts.signed.get(key), facts.approved)}"
    if signing.current(facts, key, "sign"):
        return Item(key, PASS, measured, required, need="sign")
    if synthetic * 2 > facts.approved:
        return Item(key, FAIL, measured, required, f"{synthetic:,} synthetic requests, unread", need="sign")
    return Item(key, ATTENTION, measured, required, _unsigned(facts, key, "requests"), missing=True, need="sign")


def exact_behavior(facts: Facts) -> Item:
    """No request with two different answers, and a person has read a sample of the answers and signed. Facts that age
    (prices, dates, versions) call for attention: whether one belongs into weights is a person's decision."""
    key, required = "exact_behavior", f"no conflicting answers; a named person has read {signing.SAMPLE} and signed"
    if not facts.approved:
        return empty(key, required)
    conflicts, stale = facts.open("label_conflict"), facts.open("stale_fact")
    notes = [plural(conflicts, "conflicting answer")] if conflicts else []
    notes += [plural(stale, "answer") + " with facts that age"] if stale else []
    measured = " · ".join([*notes, signing.sentence(facts.signed.get(key), facts.approved)])
    if conflicts:
        where = {"finding": "label_conflict"}
        return Item(key, FAIL, measured, required, plural(conflicts, "conflicting answer"), need="sign", where=where)
    where = {"finding": "stale_fact"} if stale else {}
    if not signing.current(facts, key, "sign"):
        short = _unsigned(facts, key, "answers")
        return Item(key, ATTENTION, measured, required, short, missing=True, need="sign", where=where)
    if stale:
        return Item(key, ATTENTION, measured, required, f"{stale:,} with facts that age", need="sign", where=where)
    return scanned(facts, Item(key, PASS, measured, required, need="sign"), measured)


def _unsigned(facts: Facts, key: str, what: str) -> str:
    found = facts.signed.get(key)
    lapsed = found is not None and found.action == "sign"
    return f"the signature for {what} has lapsed" if lapsed else f"nobody has signed for the {what}"


def _sources(facts: Facts) -> str:
    known = [f"{count:,} {source}" for source, count in sorted(facts.by_source.items()) if source and count]
    unknown = facts.by_source.get("", 0)
    return ", ".join([*known, *([f"{unknown:,} of unknown source"] if unknown else [])])
