"""Capital and small letters."""

import re

from app.core.instructions import kinds
from app.core.language import guess
from app.evals.graders.instructions.verdict import Verdict, related

TOKEN = re.compile(r"\w+(?:[.'’-]\w+)*")
CLEAR = 0.65  # from here on another language counts as told


def capital_word_frequency(text: str, asked: kinds.CapitalWordFrequency) -> Verdict:
    """Words without a small letter and with a capital one; “I” and “A” are such words, “well-known” is one word."""
    count = sum(match.group(0).isupper() for match in TOKEN.finditer(text))
    return related(count, asked.capital_relation, asked.capital_frequency, "capitalised word")


def english_capital(text: str, _asked: kinds.EnglishCapital) -> Verdict:
    small = next((character for character in text if character.islower()), None)
    if small:
        return Verdict(False, f"has the small letter “{small}”")
    return _english(text, "capital")


def english_lowercase(text: str, _asked: kinds.EnglishLowercase) -> Verdict:
    capital = next((character for character in text if character.isupper()), None)
    if capital:
        return Verdict(False, f"has the capital letter “{capital}”")
    return _english(text, "small")


def _english(text: str, which: str) -> Verdict:
    """English unless it is clearly something else: a short text of names and figures may look like anything."""
    found = guess(text.lower())
    if found is None:
        return Verdict(False, "has no words")
    if found.code != "en" and found.confidence >= CLEAR:
        return Verdict(False, f"looks like {found.code}, not English")
    return Verdict(True, f"{which} letters only")
