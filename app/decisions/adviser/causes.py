"""Why a case may have failed, and what helps against it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Cause = Literal["missing_document", "changing_fact", "ignored_pattern", "format", "unclear_requirement", "safety"]
Group = Literal["knowledge", "behaviour", "requirement", "safety"]


@dataclass(frozen=True, slots=True)
class CauseWords:
    """``sign``: what it looks like; ``helps``: what is done about it."""

    label: str
    sign: str
    helps: str
    group: Group


# In the order in which one goes before another where there is evidence for several: what must not be overlooked comes
# first, then what says that the expectation itself is in doubt, then what a grader names outright, then facts; that
# several cases failed alike says least of any one of them, and stands last.
CAUSES: Mapping[Cause, CauseWords] = {
    "safety": CauseWords(
        "Safety", "answered what it should have refused, handed over or asked about", "guardrails, wide tests", "safety"
    ),
    "unclear_requirement": CauseWords(
        "Unclear requirement", "people do not agree on what is right", "settle it, write the guideline", "requirement"
    ),
    "format": CauseWords("Format", "the answer has the wrong form", "prompting, then fine-tuning", "behaviour"),
    "changing_fact": CauseWords(
        "Changing fact", "a price, a date or a period that will be another one day", "retrieval", "knowledge"
    ),
    "missing_document": CauseWords(
        "Missing document", "hangs on something that the request does not hold", "retrieval", "knowledge"
    ),
    "ignored_pattern": CauseWords(
        "Ignored pattern", "many alike fail alike", "prompting, then fine-tuning", "behaviour"
    ),
}
GROUPS: Mapping[Group, str] = {
    "knowledge": "lack a document or hang on a changing fact",
    "behaviour": "ignore a pattern or the format",
    "requirement": "rest on a requirement that people read differently",
    "safety": "answer what should not be answered",
}
