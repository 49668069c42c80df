"""What in a sentence can be looked up word for word: numbers, dates, names, codes and addresses."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from app.evals.graders.grounding.words import COMMON

Kind = Literal["number", "date", "name", "code", "address"]
MONTHS = [
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
]  # fmt: skip
_MONTH = "(?:" + "|".join(f"{name[:3]}(?:{name[3:]})?" if len(name) > 3 else name for name in MONTHS) + r"|sept)\.?"
DATES = (
    re.compile(r"\b(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})\b"),
    re.compile(rf"\b(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<n>{_MONTH})(?:,? (?P<y>\d{{4}}))?\b", re.I),
    re.compile(rf"\b(?P<n>{_MONTH}) (?P<d>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (?P<y>\d{{4}}))?(?!\d)", re.I),
    re.compile(rf"\b(?P<n>{_MONTH}),? (?P<y>\d{{4}})\b", re.I),
)
ADDRESS = re.compile(r"\b(?:https?://|www\.)[^\s<>\"')]+|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
CODE = re.compile(r"\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*\b")
ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)", re.I)
NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,:]\d+)*(?:\s?(?:thousand|million|billion)\b)?", re.I)
ENUMERATION = re.compile(r"\s*(?:[-*•]\s*)?\(?\d{1,2}[.)]\s")
SCALES = {"thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
SPELLED = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
    "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_WORDS = re.compile(r"\b(?:" + "|".join(word for word in SPELLED if word not in ("zero", "one")) + r")\b", re.I)
_CAPITAL = r"[^\W\d_a-z][\w'’-]*"
NAME = re.compile(rf"\b{_CAPITAL}(?: (?:of|de|van|von|der|la) {_CAPITAL}| {_CAPITAL})*")


@dataclass(frozen=True, slots=True)
class Fact:
    """``keys``: the forms in which it may stand in a source; one of them is enough. Of a date the key is
    ``year-month-day`` with 0 for what is not said."""

    kind: Kind
    text: str
    start: int
    end: int
    keys: tuple[str, ...]


def facts(sentence: str, offset: int, usual: frozenset[str]) -> list[Fact]:
    """The facts of a sentence, each character in one of them at most; ``offset`` is where it begins. ``usual``:
    capitalised words that the whole text also begins sentences with or writes small, which are no names."""
    taken = [False] * len(sentence)
    marks = ENUMERATION.match(sentence)
    if marks:
        taken[: marks.end()] = [True] * marks.end()
    found = []
    for kind, start, end, keys in _candidates(sentence, usual):
        if not any(taken[start:end]):
            taken[start:end] = [True] * (end - start)
            found.append(Fact(kind, sentence[start:end], offset + start, offset + end, keys))
    return sorted(found, key=lambda fact: fact.start)


def _candidates(sentence: str, usual: frozenset[str]) -> Iterator[tuple[Kind, int, int, tuple[str, ...]]]:
    for match in ADDRESS.finditer(sentence):
        text = match.group().rstrip(".,;:")
        yield "address", match.start(), match.start() + len(text), (text.casefold(),)
    for pattern in DATES:
        for match in pattern.finditer(sentence):
            yield "date", *match.span(), (_date(match),)
    for match in ORDINAL.finditer(sentence):
        yield "number", *match.span(), (match.group(1),)
    for match in CODE.finditer(sentence):
        yield "code", *match.span(), (match.group().casefold(),)
    for match in NUMBER.finditer(sentence):
        yield "number", *match.span(), numbers(match.group())
    for match in _WORDS.finditer(sentence):
        yield "number", *match.span(), (str(SPELLED[match.group().casefold()]),)
    for match in NAME.finditer(sentence):
        start, words = match.start(), match.group().split(" ")
        while words and (words[0].casefold() in COMMON or words[0] in usual):
            start += len(words.pop(0)) + 1
        if words:
            text = " ".join(words)
            yield "name", start, start + len(text), (text.casefold(),)


def _date(match: re.Match[str]) -> str:
    said = match.groupdict()
    month = said.get("m") or _month(said.get("n") or "")
    return f"{int(said.get('y') or 0)}-{int(month)}-{int(said.get('d') or 0)}"


def _month(name: str) -> int:
    return next((number for number, month in enumerate(MONTHS, 1) if month[:3] == name[:3].casefold()), 0)


def numbers(text: str) -> tuple[str, ...]:
    """The values that a number as written may have: 1,234.50 and 1.234,50 are one; 1,234 may be either."""
    digits, _, scale = text.casefold().partition(" ")
    factor = SCALES.get(scale.strip(), 1)
    if ":" in digits:
        return (digits,)
    forms = {digits.replace(",", ""), digits.replace(".", "").replace(",", ".")}
    values = []
    for form in sorted(forms):
        try:
            values.append(f"{float(form) * factor:.10g}")
        except ValueError:
            values.append(form)
    return tuple(dict.fromkeys(values))
