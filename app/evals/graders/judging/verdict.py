"""Reading a judge's answer. What is not exactly a verdict is no verdict: nothing is repaired, nothing guessed."""

import re
from dataclasses import dataclass
from typing import Any

from app.core.strict_json import StrictJsonError, parse
from app.evals.graders.base import quoted
from app.evals.graders.judging.asks import Range, Shape

FENCE = re.compile(r"\A```(?:json)?[ \t]*\r?\n(.*)\r?\n```\Z", re.DOTALL)
MAX_REASON = 2_000


@dataclass(frozen=True)
class Verdict:
    score: float | None
    label: str | None
    reason: str


@dataclass(frozen=True)
class Unreadable:
    """Why an answer is no verdict."""

    why: str


def read_verdict(shape: Shape, text: str, mark: str) -> Verdict | Unreadable:
    """The whole answer (or all of it within one code fence) must be one JSON object with this call's ``id``, a
    ``reason``, and a ``score`` within the range or a ``label`` of the set. A verdict that an output brought along
    cannot carry the ``id``; other fields are ignored."""
    fenced = FENCE.match(text.strip())
    try:
        value = parse(fenced.group(1) if fenced else text)
    except StrictJsonError as error:
        return Unreadable(f"the judge's answer is not JSON ({error}): {quoted(text)}")
    if not isinstance(value, dict):
        return Unreadable(f"the judge's answer is not a JSON object: {quoted(text)}")
    if value.get("id") != mark:
        return Unreadable("the judge's answer does not carry this call's id, so it may be copied from the output")
    reason = value.get("reason")
    if not isinstance(reason, str) or not reason.strip():
        return Unreadable("the judge gave no reason")
    return _checked(shape, value, reason.strip()[:MAX_REASON])


def _checked(shape: Shape, value: dict[str, Any], reason: str) -> Verdict | Unreadable:
    if isinstance(shape, Range):
        score = value.get("score")
        if isinstance(score, bool) or not isinstance(score, int | float):
            return Unreadable("the judge's answer has no number “score”")
        if not shape.low <= score <= shape.high:
            return Unreadable(f"the judge's score {score:g} is not between {shape.low:g} and {shape.high:g}")
        return Verdict(float(score), None, reason)
    label = value.get("label")
    if label not in shape.labels:
        return Unreadable(f"the judge's label {quoted(str(label))} is none of {', '.join(shape.labels)}")
    return Verdict(None, label, reason)
