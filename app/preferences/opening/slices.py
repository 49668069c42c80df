"""Parts of a test set that a round can be about: what a comparison cuts by, except length."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.examples.rules import text_of
from app.web.language import lang_of

WORDS = {"tag": "Tag", "behavior": "Expected to", "source": "Source", "language": "Language"}
Label = tuple[str, str]  # what it is cut by, and the part's name


def labels(
    messages: Sequence[Mapping[str, Any]], tags: Iterable[str], behavior: str | None, source: Any
) -> list[Label]:
    """Of one case."""
    asked = next((text_of(m.get("content")) for m in reversed(messages) if m.get("role") == "user"), "")
    language = lang_of(asked)
    found = [("tag", tag) for tag in dict.fromkeys(tags)]
    found += [
        (by, str(name)) for by, name in (("behavior", behavior), ("source", source), ("language", language)) if name
    ]
    return found


def offered(cases: Sequence[Sequence[Label]]) -> list[tuple[Label, int]]:
    """(label, its cases) of all that some cases have and others have not, the largest first."""
    counts = Counter(label for case in cases for label in case)
    kept = [(label, count) for label, count in counts.items() if count < len(cases)]
    return sorted(kept, key=lambda one: (list(WORDS).index(one[0][0]), -one[1], one[0][1]))


def words(by: str, name: str) -> str:
    return f"{WORDS.get(by, by)}: {name}"
