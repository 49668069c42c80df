"""Words as the groundedness grader compares them: without inflection, common ones left out."""

import re
from functools import cache, lru_cache
from typing import Any

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# what says little about a matter: articles, pronouns, auxiliaries, prepositions, conjunctions
COMMON = _set("""
a about above after again against all also although am an and another any are as at be because been before being below
between both but by can can't cannot could did do does doing don't down during each either else etc ever every few for
from further get gets had has have having he her here hers herself him himself his how however i if in into is isn't it
it's its itself just let like made make many may me might more most much must my myself near need neither no nor not now
of off often on once one only onto or other others our ours out over own per please rather same shall she should since
so some such than that the their theirs them themselves then there these they this those through thus to too under until
up upon us use used using very was we well were what when where whether which while who whom whose why will with within
without would yes yet you your yours yourself
""")
NEGATIONS = _set("not no never without cannot none nobody nothing neither nor non unable impossible")


def content(text: str) -> list[str]:
    """Stems of the words that say something, in order: no common words, no single letters, no numbers."""
    found = []
    for match in WORD.finditer(text.replace("’", "'")):
        word = match.group().casefold().removesuffix("'s")
        if len(word) > 1 and word not in COMMON and not any(char.isdigit() for char in word) and not negates(word):
            found.append(stem(word))
    return found


def negated(text: str) -> bool:
    """Whether the text denies something: an odd number of denials."""
    words = (match.group().casefold() for match in WORD.finditer(text.replace("’", "'")))
    return sum(negates(word) for word in words) % 2 == 1


def negates(word: str) -> bool:
    return word in NEGATIONS or word.endswith("n't")


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The English stem (Porter's second algorithm, by Snowball). Other languages' words stay nearly as they are."""
    return str(_stemmer().stemWord(word))


@cache
def _stemmer() -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer("english")
