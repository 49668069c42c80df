"""Which language a text is in, for its ``lang`` attribute: screen readers choose a voice by it, browsers hyphenation.

No attribute is better than a wrong one, so what is short must be all the clearer.
"""

from functools import lru_cache
from typing import Any

from app.core.language import guess

LOOKED_AT = 600  # characters: more does not make it surer
LONG = 20  # letters from which on a fair guess is enough
SURE, FAIR = 0.95, 0.65


def lang_of(text: Any) -> str | None:
    """A language tag (``de``, ``he``), or None where the text does not tell."""
    return _lang_of(text[:LOOKED_AT]) if isinstance(text, str) and text.strip() else None


@lru_cache(maxsize=4096)
def _lang_of(text: str) -> str | None:
    found = guess(text)
    letters = sum(character.isalpha() for character in text)
    if found is None or found.confidence < (FAIR if letters >= LONG else SURE):
        return None
    return found.code
