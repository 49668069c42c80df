"""From a model's answer to a suggestion, and from a person's decision to what they made of it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.annotation.assist.answers import read_object
from app.annotation.assist.errors import Refused

BEHAVIORS = ("answer", "refuse", "clarify", "escalate")
MOST_CHARACTERS = 20_000
MOST_REASON = 500


@dataclass(frozen=True)
class Suggested:
    """What is suggested; None is no suggestion for that field."""

    behavior: str | None
    label: str | None
    answer: str | None
    score: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class Marks:
    """Behaviour, label and target answer as a person left them."""

    behavior: str | None
    label: str | None
    answer: str | None


def read(text: str, wants: Sequence[str], labels: Sequence[str], present: str | None) -> Suggested:
    """Raises Refused where nothing usable was suggested. ``present`` stands already: repeating it is none."""
    given = read_object(text)
    behavior = _one_of(given.get("behavior"), BEHAVIORS) if "behavior" in wants else None
    label = _one_of(given.get("label"), labels) if "label" in wants else None
    answer = _answer(given.get("answer"), present) if "answer" in wants else None
    if behavior is None and label is None and answer is None:
        raise Refused(_nothing(given, wants))
    reason = given.get("reason")
    told = reason.strip().replace("\0", "")[:MOST_REASON] if isinstance(reason, str) else ""
    return Suggested(behavior, label, answer, _score(given.get("score")), told)


def _one_of(value: Any, allowed: Sequence[str]) -> str | None:
    return value if isinstance(value, str) and value in allowed else None


def _answer(value: Any, present: str | None) -> str | None:
    if not isinstance(value, str) or not value.strip() or len(value) > MOST_CHARACTERS or "\0" in value:
        return None
    return None if present is not None and value.strip() == present.strip() else value.strip()


def _score(value: Any) -> float | None:
    """A number from 0 to 1; anything else says nothing."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= 1 else None


def _nothing(given: Mapping[str, Any], wants: Sequence[str]) -> str:
    if list(wants) == ["answer"] and "answer" in given:
        return "The model found nothing to correct in the answer."
    return "The answer suggests nothing that could be used here."


def outcome(suggested: Suggested, saved: Marks) -> str:
    """'accepted' where everything that was suggested stands in what was saved, 'rejected' where nothing of it does,
    'edited' where part of it does."""
    pairs = [
        (suggested.behavior, saved.behavior),
        (suggested.label, saved.label),
        (_flat(suggested.answer), _flat(saved.answer)),
    ]
    taken = [wanted == kept for wanted, kept in pairs if wanted is not None]
    if all(taken):
        return "accepted"
    return "edited" if any(taken) else "rejected"


def _flat(text: str | None) -> str | None:
    return None if text is None else text.replace("\r\n", "\n").strip()
