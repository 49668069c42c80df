"""Which words of a text stand word for word, many in a row, in training answers. Pure."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

WORD = re.compile(r"\w+(?:['’]\w+)*")
IN_A_ROW = 8
MOST_WORDS = 2_000  # of one text
Gram = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Copied:
    """A run of words: where it stands in the text, how many they are, and where it is from."""

    start: int
    stop: int
    words: int
    source: int


def words(text: str) -> list[tuple[str, int, int]]:
    """(word as it is compared, start, stop)."""
    return [(match[0].casefold(), *match.span()) for match in WORD.finditer(text)][:MOST_WORDS]


def grams(text: str) -> list[Gram]:
    """Every run of ``IN_A_ROW`` words, in order."""
    said = [word for word, _start, _stop in words(text)]
    return [tuple(said[place : place + IN_A_ROW]) for place in range(len(said) - IN_A_ROW + 1)]


def sources(texts: Iterable[str], wanted: Collection[Gram]) -> dict[Gram, int]:
    """The first text that each of the ``wanted`` runs stands in. Only those are kept: all runs of a large training set
    would take gigabytes."""
    found: dict[Gram, int] = {}
    for number, text in enumerate(texts):
        for gram in grams(text):
            if gram in wanted:
                found.setdefault(gram, number)
    return found


def copied(text: str, trained: Mapping[Gram, int], allowed: Sequence[Collection[Gram]]) -> list[Copied]:
    """The stretches of ``text`` that are made of runs out of ``trained`` which no one of ``allowed`` has, the longest
    first. Runs that overlap are one stretch, named after the text of its first run."""
    said = words(text)
    found: list[Copied] = []
    first = last = -1
    source = 0
    for place, gram in enumerate(grams(text)):
        if gram not in trained or any(gram in one for one in allowed):
            continue
        if first >= 0 and place <= last:
            last = place + IN_A_ROW
            continue
        if first >= 0:
            found.append(Copied(said[first][1], said[last - 1][2], last - first, source))
        first, last, source = place, place + IN_A_ROW, trained[gram]
    if first >= 0:
        found.append(Copied(said[first][1], said[last - 1][2], last - first, source))
    return sorted(found, key=lambda one: (-one.words, one.start))
