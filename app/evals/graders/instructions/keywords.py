"""Words and letters that are asked for, counted or forbidden. Phrases are searched as they stand, never as patterns."""

from app.core.instructions import kinds
from app.evals.graders.base import quoted
from app.evals.graders.instructions.verdict import Verdict, related


def existence(text: str, asked: kinds.Existence) -> Verdict:
    """Each keyword stands somewhere, in any case, also as part of a longer word."""
    folded = text.casefold()
    missing = [word for word in asked.keywords if word.casefold() not in folded]
    if missing:
        return Verdict(False, f"lacks {', '.join(quoted(word, 40) for word in missing[:5])}")
    return Verdict(True, "has all of them")


def frequency(text: str, asked: kinds.Frequency) -> Verdict:
    """Occurrences that do not overlap, in any case, also as parts of longer words."""
    return related(text.casefold().count(asked.keyword.casefold()), asked.relation, asked.frequency, "time")


def forbidden_words(text: str, asked: kinds.ForbiddenWords) -> Verdict:
    """None of them stands as a word of its own, in any case: “art” does not forbid “party”."""
    folded = text.casefold()
    found = [word for word in asked.forbidden_words if _as_word(folded, word.casefold())]
    if found:
        return Verdict(False, f"has {', '.join(quoted(word, 40) for word in found[:5])}")
    return Verdict(True, "has none of them")


def _as_word(text: str, word: str) -> bool:
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        if _edge(text, at) and _edge(text, end):
            return True
        at = text.find(word, end)
    return False


def _edge(text: str, at: int) -> bool:
    """Whether a word begins or ends at this place."""
    before, after = text[at - 1 : at] if at else "", text[at : at + 1]
    return not (_of_word(before) and _of_word(after))


def _of_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def letter_frequency(text: str, asked: kinds.LetterFrequency) -> Verdict:
    """The letter, or any other character, in any case."""
    count = text.lower().count(asked.letter.lower())
    return related(count, asked.let_relation, asked.let_frequency, "time")
