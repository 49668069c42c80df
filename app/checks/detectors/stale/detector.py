"""The detector ``stale_fact``: claims in answers that will be wrong one day, and are not given by the request. Pure."""

import re
from collections.abc import Iterator

from app.checks.detectors.base import Detector, Found, Setting, Subject
from app.checks.detectors.stale.claims import Claim, find_claims
from app.checks.detectors.texts import Keys, Text, found_in
from app.examples.rules import text_of

WORDS = {
    "price": "a price",
    "date": "a date from which or until which something holds",
    "version": "a version",
    "policy_period": "a period that a policy sets",
    "opening_hours": "opening hours",
    "rate": "a rate",
    "current": "how something is at present",
}
_FIGURE = re.compile(r"\d+(?:[.,’' ]\d+)*")
TURNS = 3  # findings of one kind in one answer; more are a table, and three tell as much


def look(subject: Subject, setting: Setting) -> Iterator[Found]:
    """In the assistant's messages that are trained on. What the conversation before gives is no stale fact: figures
    of the request, of the instructions, of documents and of tools' answers."""
    given: list[str] = []
    keys = Keys()
    for index, message in enumerate(subject.messages):
        content = text_of(message.get("content"))
        if message["role"] == "assistant" and message.get("weight") != 0:
            yield from _in_answer(Text(content, index, "assistant"), " ".join(given), keys)
        given.append(content)


def _in_answer(text: Text, given: str, keys: Keys) -> Iterator[Found]:
    told: dict[str, int] = {}
    known = figures(given)
    for claim in find_claims(text.text):
        if _is_given(claim, given, known):
            continue
        told[claim.code] = told.get(claim.code, 0) + 1
        if told[claim.code] <= TURNS:
            what = f"{WORDS[claim.code]} (“{claim.value[:60]}”)"
            words = f"The answer states {what}, which changes: it belongs into retrieval."
            key = keys.key(claim.code, text, claim.value)
            yield found_in(text, "stale_fact", claim.code, words, key, (claim.start, claim.stop))


def figures(text: str) -> set[str]:
    """The numbers of a text without separators: "€1,240.00" and "1240" are one."""
    found = set()
    for match in _FIGURE.finditer(text):
        written = re.sub(r"[.,]0{1,2}\Z", "", match[0])
        found.add(re.sub(r"\D", "", written))
        found.update(re.findall(r"\d+", match[0]))
    return found


def _is_given(claim: Claim, given: str, known: set[str]) -> bool:
    if claim.code == "current":
        return False
    own = [re.sub(r"\D", "", re.sub(r"[.,]0{1,2}\Z", "", match[0])) for match in _FIGURE.finditer(claim.value)]
    return bool(own) and all(number in known for number in own)


STALE_FACT = Detector("stale_fact", 1, ("stale_fact",), look)
