"""The sentences of an output that claim something."""

import re
from dataclasses import dataclass

from app.evals.graders.behavior_rules import kinds_of, normalised
from app.evals.graders.grounding.facts import Fact, facts
from app.evals.graders.grounding.words import content, negated

MAX_CHARS = 20_000
MAX_CLAIMS = 200
LINE = re.compile(r"[^\n]+")
LIST_MARK = re.compile(r"\s*(?:[-*•>#]+|\(?\d{1,2}[.)]|\*\*)\s*")
WORD = re.compile(r"[^\W\d_][\w'’-]*")
# a pleasantry, a refusal, a question or a request to the person claims nothing about the matter
NO_CLAIM = frozenset({"filler", "refusal", "inability", "request"})


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence at ``start`` … ``end`` of the output. ``words``: stems of what it speaks of."""

    text: str
    start: int
    end: int
    facts: tuple[Fact, ...]
    words: tuple[str, ...]
    negated: bool


def claims(text: str) -> list[Claim]:
    """The claims of a text in order; of a longer one than ``MAX_CHARS`` those in its beginning."""
    text = text[:MAX_CHARS]
    usual = _usual(text)
    found = []
    for start, end in sentences(text):
        sentence = text[start:end]
        if sentence.endswith("?") or kinds_of(normalised(sentence)) & NO_CLAIM:
            continue
        words = tuple(content(sentence))
        stated = tuple(facts(sentence, start, usual))
        if words or stated:
            found.append(Claim(sentence, start, end, stated, words, negated(sentence)))
        if len(found) == MAX_CLAIMS:
            break
    return found


def sentences(text: str) -> list[tuple[int, int]]:
    """Where the sentences are, without list marks and outer blanks: line by line, by the Punkt method (nupunkt)."""
    import nupunkt

    found = []
    for line in LINE.finditer(text):
        for start, end in nupunkt.sent_spans(line.group()):
            part = line.group()[start:end]
            mark = LIST_MARK.match(part)
            first = line.start() + start + (mark.end() if mark else 0)
            last = line.start() + start + len(part.rstrip())
            if any(char.isalnum() for char in text[first:last]):
                first += len(text[first:last]) - len(text[first:last].lstrip())
                found.append((first, last))
    return found


def _usual(text: str) -> frozenset[str]:
    """Capitalised words that are no names: they stand at the beginning of a sentence and nowhere else in capitals, or
    are written small elsewhere. In a line where most words are capitalised (a heading), all are."""
    opening: set[str] = set()
    inside: set[str] = set()
    small: set[str] = set()
    headed: set[str] = set()
    for start, end in sentences(text):
        words = WORD.findall(text[start:end])
        capitals = [word for word in words if word[0].isupper()]
        small.update(word for word in words if word[0].islower())
        if len(words) > 2 and len(capitals) > 0.6 * len(words) and text[end - 1] not in ".!":
            headed.update(capitals)
            continue
        if words:
            opening.add(words[0])
            inside.update(capitals[1:] if capitals[:1] == words[:1] else capitals)
    plain = {word for word in opening | inside | headed if word.casefold() in small}
    return frozenset((opening - inside) | (headed - inside) | plain)
