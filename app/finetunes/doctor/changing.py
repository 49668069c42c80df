"""Statements of facts that change, and when two of them speak of the same thing. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log

from app.checks.detectors.stale.claims import find_claims
from app.evals.graders.grounding.facts import NAME
from app.evals.graders.grounding.words import COMMON, content

ABOUT = 0.6  # from this share of a statement's weighted words, another text speaks of the same
FEW = 50  # statements that are looked at for one word, however many there are
FIGURE = re.compile(r"\d+(?:[.,’' ]\d+)*")
END = re.compile(r"[.!?](?=\s|\Z)|\n")


@dataclass(frozen=True, slots=True)
class Statement:
    """A claim with a figure: where its value stands in its text, what kind it is, its figures, and the words (stems)
    and names of its sentence. ``source``: which of the given texts it is from."""

    source: int
    code: str
    start: int
    stop: int
    figures: frozenset[str]
    words: frozenset[str]
    names: frozenset[str]


def statements(text: str, source: int = 0, around: str = "") -> list[Statement]:
    """``around``: what the text is about, where its sentences do not say it (a heading, a request)."""
    found = []
    about = frozenset(content(around))
    for claim in find_claims(text):
        own = figures(claim.value)
        if not own:
            continue
        sentence = _sentence(text, claim.start, claim.stop)
        words = frozenset(content(sentence)) | about
        found.append(Statement(source, claim.code, claim.start, claim.stop, own, words, frozenset(_names(sentence))))
    return found


class Index:
    """Statements that hold, or held, weighted by how rare their words are among those of the same kind."""

    def __init__(self, given: Iterable[Statement]) -> None:
        by_code: dict[str, list[Statement]] = {}
        for one in given:
            by_code.setdefault(one.code, []).append(one)
        self._kinds = {code: _Kind(listed) for code, listed in by_code.items()}

    def about(self, one: Statement) -> list[Statement]:
        """The statements that speak of the same thing: those that match best, and none that names something else."""
        kind = self._kinds.get(one.code)
        return kind.about(one) if kind else []


class _Kind:
    def __init__(self, listed: Sequence[Statement]) -> None:
        self._listed = listed
        self._with: dict[str, list[int]] = {}
        for place, one in enumerate(listed):
            for word in one.words:
                self._with.setdefault(word, []).append(place)
        self._rarity = {word: log(1 + len(listed) / len(places)) for word, places in self._with.items()}

    def about(self, one: Statement) -> list[Statement]:
        # a word that most statements have finds nothing, and would make every search a walk through all
        most = max(FEW, len(self._listed) // 20)
        near = {place for word in one.words if len(places := self._with.get(word, ())) <= most for place in places}
        scored = [(self._share(self._listed[place], one.words), place) for place in near]
        scored = [(score, place) for score, place in scored if self._listed[place].names <= one.words]
        best = max((score for score, _place in scored), default=0.0)
        return [self._listed[place] for score, place in sorted(scored) if score >= best - 1e-9] if best >= ABOUT else []

    def _share(self, statement: Statement, words: frozenset[str]) -> float:
        whole = sum(self._rarity[word] for word in statement.words)
        return sum(self._rarity[word] for word in statement.words & words) / whole if whole else 0.0


def figures(value: str) -> frozenset[str]:
    """Whole numbers without separators, "$1,240.00" and "1240" alike. Never their parts: 21.50 and 61.50 would agree
    on 50."""
    found = (match[0] for match in FIGURE.finditer(value))
    return frozenset(re.sub(r"\D", "", re.sub(r"[.,]0{1,2}\Z", "", one)) for one in found)


def _sentence(text: str, start: int, stop: int) -> str:
    begin = max((match.end() for match in END.finditer(text, max(0, start - 300), start)), default=max(0, start - 300))
    ends = END.search(text, stop, stop + 300)
    return text[begin : ends.start() if ends else stop + 300]


def _names(sentence: str) -> list[str]:
    """Stems of capitalised words inside the sentence; the first word may be capital for its place alone."""
    stripped = sentence.strip()
    first = re.match(r"\W*\w+", stripped)
    found = NAME.findall(stripped[first.end() :] if first else stripped)
    return [stem for name in found if name.casefold() not in COMMON for stem in content(name)]
