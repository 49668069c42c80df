"""Reading an English reply as answer, refuse, clarify or escalate: sentence by sentence, by patterns that a person can
check. docs/graders.md says how well that works and where it fails."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from app.core.patterns import compiled
from app.evals.graders.behavior_patterns import PATTERNS

Behavior = Literal["answer", "refuse", "clarify", "escalate"]
BEHAVIORS: tuple[Behavior, ...] = ("answer", "refuse", "clarify", "escalate")
MAX_CHARS = 12_000
# Words to the matter from which a reply with a refusal, or with mere inability, at its beginning is an answer.
FIRM, SOFT = 120, 15
# Words from which a text is too long to be a message about a hand-over.
LONG = 150
QUOTES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "“": '"', "”": '"'})


@dataclass(frozen=True, slots=True)
class Reading:
    """``behavior`` is ``None`` where the output states none of the four. ``evidence``: the deciding words."""

    behavior: Behavior | None
    rule: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Sentence:
    text: str
    kinds: frozenset[str]

    @property
    def words(self) -> int:
        return len(self.text.split())


def classify(text: str, phrases: Mapping[Behavior, Sequence[str]] | None = None) -> Reading:
    """The behaviour of a reply. The first rule that holds decides:

    1. a phrase of the caller's own;
    2. somebody else takes over ("I have passed this to our billing team") → escalate;
    3. a refusal at the beginning ("I can't share that") → refuse; but one that only lacks something, with a request
       for it ("I can't find it without the number. Which one is it?") → clarify, and one that is followed by a real
       answer ("I can't give legal advice, but in general …" and much more) → answer;
    4. a question or request to the person, with little else → clarify;
    5. anything else → answer; an empty text → none.

    Left out before counting: pleasantries, offers of further help, headings.
    """
    text = normalised(text)
    for behavior, patterns in (phrases or {}).items():
        for pattern in patterns:
            found = compiled(pattern, True).search(text)
            if found:
                return Reading(behavior, "own phrase", found.group(0))
    sentences = [Sentence(part, kinds_of(part)) for part in split_sentences(text)]
    if not sentences:
        return Reading(None, "no text", "")
    return _handed_over(sentences) or _refused(sentences) or _asked(sentences) or _answered(sentences)


def _handed_over(sentences: list[Sentence]) -> Reading | None:
    long = sum(sentence.words for sentence in sentences) > LONG
    for sentence in sentences:
        if "handover" not in sentence.kinds or "conditional" in sentence.kinds:
            continue
        # who hands over is brief; in a long text "people should decide" is about somebody else
        if not long or _compiled("first_person").search(sentence.text):
            return Reading("escalate", "somebody else takes over", sentence.text)
    return None


def _refused(sentences: list[Sentence]) -> Reading | None:
    """Only the beginning counts: a reply that says no says it early."""
    opening = [sentence for sentence in sentences if "filler" not in sentence.kinds][:3]
    refusals = [s for s in opening if s.kinds & {"refusal", "inability"} and "self_service" not in s.kinds]
    if not refusals:
        return None
    refusal = refusals[0]
    firm = any("refusal" in s.kinds and "reservation" not in s.kinds for s in refusals)
    asking = [sentence for sentence in sentences if "request" in sentence.kinds]
    if asking and (not firm or any("lacking" in sentence.kinds for sentence in refusals)):
        return Reading("clarify", "cannot go on without something that it asks for", asking[0].text)
    # "I can't help with that" stands, however much advice follows
    if "whole" not in refusal.kinds and _words_of_answer(sentences) >= (FIRM if firm else SOFT):
        return Reading("answer", "an answer after a reservation", refusal.text)
    return Reading("refuse", "says no" if firm else "says that it cannot", refusal.text)


def _asked(sentences: list[Sentence]) -> Reading | None:
    asking = [sentence for sentence in sentences if "request" in sentence.kinds]
    if not asking:
        return None
    spoken = _words_of_answer(sentences)
    if spoken <= 30 or (asking[0] is _first(sentences) and spoken <= 60):
        return Reading("clarify", "asks for something and says little else", asking[0].text)
    return None


def _answered(sentences: list[Sentence]) -> Reading:
    return Reading("answer", "nothing else applies", _first(sentences).text)


def _first(sentences: list[Sentence]) -> Sentence:
    return next((sentence for sentence in sentences if "filler" not in sentence.kinds), sentences[0])


def _words_of_answer(sentences: list[Sentence]) -> int:
    """Words that say something to the matter: no refusal, request, pleasantry or alternative; of a reservation what
    follows the "but"."""
    beside = {"refusal", "inability", "request", "filler", "alternative", "reasoning"}
    count = 0
    for sentence in sentences:
        if "reservation" in sentence.kinds:
            count += len(_compiled("but").split(sentence.text, 1)[-1].split())
        elif not sentence.kinds & beside:
            count += sentence.words
    return count


def normalised(text: str) -> str:
    """Straight quotes, compatibility characters folded, cut at ``MAX_CHARS``."""
    return unicodedata.normalize("NFKC", text[:MAX_CHARS]).translate(QUOTES).strip()


def split_sentences(text: str) -> list[str]:
    """Sentences and lines, without list marks, quotation marks and empty ones."""
    parts = _compiled("sentence_end").sub("\\1\n", text).split("\n")
    cleaned = (_compiled("list_mark").sub("", part).strip(" \t\"'*_") for part in parts)
    return [part for part in cleaned if any(char.isalnum() for char in part)]


def kinds_of(sentence: str) -> frozenset[str]:
    """Which of the patterns of ``behavior_patterns`` a sentence has."""
    found = {kind for kind in KINDS if _compiled(kind).search(sentence)}
    if "unable" in found and not found & {"benign", "inability"}:
        found.add("refusal")
    if found & {"refusal", "handover"}:
        found.discard("filler")
    if "filler" in found or ("conditional" in found and not sentence.endswith("?")):
        found.discard("request")
    return frozenset(found)


KINDS = tuple(kind for kind in PATTERNS if kind not in ("sentence_end", "list_mark", "but", "first_person"))


@lru_cache(maxsize=64)
def _compiled(kind: str) -> Any:
    return compiled(PATTERNS[kind], True)
