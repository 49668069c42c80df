"""When two prompts are the same but for a light edit. Pure.

A prompt is compared as a bag of words: order, case, punctuation, HTML, accents and look-alike letters do not count.
Two are near when few words differ, and how few depends on their length: in a request of eight words one other word is
a light edit and two are another request, in a page of text four are nothing. Words that stand in front or behind
("Hi team, …") may be more, if nothing else differs.
"""

import html
import re
import unicodedata
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import nh3
import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Indel, Levenshtein
from rapidfuzz.process import cpdist

from app.examples.chat import INSTRUCTION_ROLES
from app.examples.rules import canonical, normalise, text_of

FEWEST_WORDS = 4  # below it, another word is another request
WORDS_PER_EDIT = 25  # from 50 words on, one differing word for each 25 is let pass
MOST_WORDS = 5_000  # of a longer text only its beginning is compared
FEWEST_ADDED, MOST_ADDED = 3, 6  # words in front or behind, in between half of the shorter text
TYPING_SLIPS = 2  # characters that may differ where blanks and words are not looked at
SHORTEST = 10  # characters beside the slips

# Letters of other scripts that look like Latin ones, as far as Unicode's compatibility forms do not fold them.
_LOOK_ALIKES = str.maketrans(
    "АВЕЅІЈКМНОРСТУХҺԚԜавеѕіјкмнорстухһԛԝгпԁӏ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαεικνορτυχγ" + "օսոհցіɡɑıȷꞮՕՍԼ",
    "ABESIJKMHOPCTYXHQWabesijkmhopctyxhqwrndl" + "ABEZHIKMNOPTYXaeikvoptuxy" + "ounhgigaijIOUL",
)
_ACCENTS = re.compile("[\u0300-\u036f]")
# scripts that are written without blanks: each character is a word
_UNSPACED = re.compile("([\u0e00-\u0e7f\u0e80-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff])")


@dataclass(frozen=True, slots=True)
class Prompt:
    """``words`` in the order of the text; ``bag`` has one character for each word, sorted; ``letters`` no blanks."""

    words: tuple[str, ...]
    bag: str
    letters: str


def prompt_of(messages: Sequence[Mapping[str, Any]]) -> Prompt:
    """What is compared of the messages before the target answer: every turn but the instructions."""
    said = "\n".join(_said(message) for message in messages if message.get("role") not in INSTRUCTION_ROLES)
    words = tuple(skeleton(said).split()[:MOST_WORDS])
    return Prompt(words, "".join(sorted(map(_letter, words))), "".join(words))


def _said(message: Mapping[str, Any]) -> str:
    calls = message.get("tool_calls")
    return text_of(message.get("content")) + (" " + canonical(calls).decode() if calls else "")


def skeleton(text: str) -> str:
    """Words with a blank between them, in one spelling."""
    if "<" in text:
        text = nh3.clean(text.replace("<", " <"), tags=set())
    if "&" in text:
        text = html.unescape(text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFKD", text)))
        text = _UNSPACED.sub(r" \1 ", text.translate(_LOOK_ALIKES))
    return normalise(text)


@lru_cache(maxsize=100_000)
def _letter(word: str) -> str:
    """A character that stands for the word; two words share one in a million times."""
    return chr(0x10000 + zlib.crc32(word.encode()) % 0x100000)


def similarities(left: Sequence[Prompt], right: Sequence[Prompt]) -> NDArray[np.float32]:
    """For each pair the share of words in common (where only letters slipped, of letters); 0 for what is not near."""
    if not left:
        return np.zeros(0, np.float32)
    bags = [one.bag for one in left], [one.bag for one in right]
    differing = cpdist(*bags, scorer=Indel.distance, dtype=np.int32)
    sizes = np.stack([np.fromiter(map(len, side), np.int32, len(left)) for side in bags])
    shorter, longer = sizes.min(axis=0), sizes.max(axis=0)
    changed = (differing + longer - shorter) // 2  # a word in place of another counts once
    near = changed <= allowed(longer)
    near |= (differing == longer - shorter) & (differing <= addable(shorter))
    alike = np.where(near, 1 - differing / np.maximum(sizes.sum(axis=0), 1), 0).astype(np.float32)
    alike[~near] = _slips(left, right, np.flatnonzero(~near))
    return alike


def addable(words: NDArray[np.int32]) -> NDArray[np.int32]:
    """How many words may stand in front of or behind a text of so many, if nothing else differs."""
    some = np.clip(words // 2, FEWEST_ADDED, MOST_ADDED)
    return np.where(words < FEWEST_WORDS, 0, some).astype(np.int32)


def allowed(words: NDArray[np.int32]) -> NDArray[np.int32]:
    """How many words may be others in a text of so many."""
    few = np.where(words < FEWEST_WORDS, 0, 1)
    return np.maximum(few, words // WORDS_PER_EDIT).astype(np.int32)


def _slips(left: Sequence[Prompt], right: Sequence[Prompt], where: NDArray[np.int64]) -> NDArray[np.float32]:
    """Typing slips and moved blanks: nearly the same letters, wherever the words begin."""
    found = np.zeros(len(where), np.float32)
    ours, theirs = ([side[i].letters for i in where.tolist()] for side in (left, right))
    one, other = (np.fromiter(map(len, side), np.int32, len(where)) for side in (ours, theirs))
    likely = np.flatnonzero((np.abs(one - other) <= TYPING_SLIPS) & (one >= TYPING_SLIPS + SHORTEST))
    if len(likely):
        pairs = [ours[i] for i in likely.tolist()], [theirs[i] for i in likely.tolist()]
        distance = cpdist(*pairs, scorer=Levenshtein.distance, score_cutoff=TYPING_SLIPS, dtype=np.int32)
        found[likely] = np.where(distance <= TYPING_SLIPS, 1 - distance / one[likely], 0)
    return found
