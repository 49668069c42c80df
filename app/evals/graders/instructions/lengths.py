"""Sentences, words and paragraphs, counted."""

import re

from app.core.instructions import kinds
from app.evals.graders.base import quoted
from app.evals.graders.instructions.verdict import Verdict, counted, related

WORD = re.compile(r"\w+")
WINDOW = 1_000  # characters
FIRST_WORD = re.compile(r"\W*([\w-]*)")


def number_sentences(text: str, asked: kinds.NumberSentences) -> Verdict:
    """Sentences as the Punkt method parts them (Kiss and Strunk 2006), with nupunkt's English model."""
    return related(sentences(text), asked.relation, asked.num_sentences, "sentence")


def sentences(text: str) -> int:
    """How many there are. A window at a time, as what is nothing but marks takes time in proportion to its square."""
    import nupunkt

    count, rest = 0, text.strip()
    while rest:
        spans = nupunkt.sent_spans(rest[:WINDOW])
        if len(rest) <= WINDOW:
            return count + len(spans)
        count += len(spans) - 1  # the last one may go on beyond the window
        rest = rest[spans[-1][0] or WINDOW :].lstrip()
    return count


def number_words(text: str, asked: kinds.NumberWords) -> Verdict:
    """A word is an unbroken run of letters and digits: “don't” and “well-known” are two each."""
    return related(len(WORD.findall(text)), asked.relation, asked.num_words, "word")


def number_paragraphs(text: str, asked: kinds.NumberParagraphs) -> Verdict:
    """Parts between the dividers ***; a divider at the very beginning or end parts nothing, two in a row do not do."""
    parts = [part.strip() for part in text.split("***")]
    if len(parts) > 1 and not parts[-1]:
        parts.pop()
    if len(parts) > 1 and not parts[0]:
        parts.pop(0)
    empty = sum(not part for part in parts)
    if empty:
        return Verdict(False, f"{counted(len(parts), 'paragraph')}, {empty} of them empty")
    return Verdict(len(parts) == asked.num_paragraphs, counted(len(parts), "paragraph"))


def nth_paragraph_first_word(text: str, asked: kinds.NthParagraphFirstWord) -> Verdict:
    """Parts between blank lines, the empty ones not counted; the word without marks around it, in any case."""
    parts = [part.strip() for part in text.split("\n\n") if part.strip()]
    if len(parts) != asked.num_paragraphs:
        return Verdict(False, counted(len(parts), "paragraph"))
    token = parts[asked.nth_paragraph - 1].split(maxsplit=1)[0]
    match = FIRST_WORD.match(token)
    word = match.group(1) if match else ""
    followed = word.casefold() == asked.first_word.strip().casefold()
    return Verdict(followed, f"paragraph {asked.nth_paragraph} of {len(parts)} begins with {quoted(word, 40)}")
