"""What is typical of a project's examples: the figures in ``Setting.typical``, from a summary of each example. Pure."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from app.checks.detectors.base import Subject
from app.checks.detectors.formats.style import style_of
from app.examples.chat import INSTRUCTION_ROLES
from app.examples.rules import text_of

LEAST = 30  # fewer examples have no typical length
CLEAR = 0.8  # share of the answers that must have one style, before others stand out
# median absolute deviation × 1.4826 estimates the standard deviation of a normal distribution (Hampel 1974)
TO_SIGMA = 1.4826


@dataclass(frozen=True, slots=True)
class Summary:
    """One example in three figures: the style of its answer, characters of the request and of the answer."""

    style: str | None
    request: int
    answer: int


def summary(subject: Subject) -> Summary:
    """The request is all that is said before the target answer, instructions aside."""
    answer = "" if subject.target is None else text_of(subject.messages[subject.target].get("content"))
    before = subject.messages[: subject.target]
    asked = sum(len(text_of(one.get("content"))) for one in before if one["role"] not in INSTRUCTION_ROLES)
    return Summary(style_of(answer) if answer.strip() else None, asked, len(answer))


def typical(summaries: Iterable[Summary]) -> Mapping[str, Any]:
    """``style``, ``style_share`` (of answers that have text) and for ``request`` and ``answer`` the median and the
    robust spread of ln(characters): {"n", "center", "spread"}.

    What is not known is left out: no style is typical below ``CLEAR``, no length below ``LEAST`` examples.
    """
    rows = list(summaries)
    found: dict[str, Any] = {}
    styles = Counter(row.style for row in rows if row.style)
    if styles.total() >= LEAST:
        [(style, count)] = styles.most_common(1)
        if count >= CLEAR * styles.total():
            found |= {"style": style, "style_share": round(count / styles.total(), 4)}
    for name in ("request", "answer"):
        lengths = [math.log(size) for row in rows if (size := getattr(row, name)) > 0]
        if len(lengths) >= LEAST:
            center = median(lengths)
            spread = TO_SIGMA * median(abs(length - center) for length in lengths)
            found[name] = {"n": len(lengths), "center": center, "spread": spread}
    return found
