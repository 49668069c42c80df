"""What claims may stand on, and what a claim has that no source has."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from app.evals.graders.base import quoted
from app.evals.graders.grounding.claims import Claim, sentences
from app.evals.graders.grounding.facts import Fact, facts
from app.evals.graders.grounding.words import content, negated, stem
from app.evals.graders.item import text_of

MAX_CHARS = 200_000
# From this share of a sentence's words in one sentence of a source, the two speak of the same thing.
SAME_MATTER = 0.7
FEWEST_WORDS = 3
TOKEN = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Sources:
    """``sentences``: (text, its stems, whether it denies something)."""

    stems: frozenset[str]
    tokens: frozenset[str]
    text: str
    keys: frozenset[tuple[str, str]]
    sentences: Sequence[tuple[str, frozenset[str], bool]]

    def problems(self, claim: Claim, coverage: float) -> list[str]:
        """Why the claim is not supported: each fact that no source has; else too few of its words; else a source that
        says the opposite."""
        missing = [f"{fact.kind} {quoted(fact.text, 40)} is in no source" for fact in self.missing(claim)]
        if missing:
            return missing
        known = [word for word in claim.words if word in self.stems]
        if len(claim.words) >= FEWEST_WORDS and len(known) < coverage * len(claim.words):
            return [f"{len(known)} of its {len(claim.words)} words are in a source"]
        against = self._opposite(claim)
        return [f"a source says otherwise: {quoted(against, 100)}"] if against else []

    def missing(self, claim: Claim) -> list[Fact]:
        return [fact for fact in claim.facts if not self._has(fact)]

    def _has(self, fact: Fact) -> bool:
        if fact.kind == "date":
            return any(kind == "date" and _same_day(fact.keys[0], key) for kind, key in self.keys)
        if fact.kind == "number":
            return any(("number", key) in self.keys for key in fact.keys)
        if fact.kind == "name":
            words = TOKEN.findall(fact.keys[0].replace("'s", "").replace("’s", ""))
            return all(len(word) < 2 or word in self.tokens or stem(word) in self.stems for word in words)
        return fact.keys[0] in self.text

    def _opposite(self, claim: Claim) -> str | None:
        """The sentence of a source that is about the same, where one of the two denies it and the other does not."""
        ours = set(claim.words)
        if len(ours) < FEWEST_WORDS:
            return None
        best = max(self.sentences, key=lambda one: _overlap(ours, one[1]), default=None)
        if best is None or _overlap(ours, best[1]) < SAME_MATTER or best[2] == claim.negated:
            return None
        return best[0]


def sources_of(item: Mapping[str, Any], wanted: Sequence[str], more: Sequence[str] = ()) -> Sources:
    """``wanted``: input (all messages), context (``item.context``), reference (what is expected), retrieved (the
    passages that a search found for the case)."""
    texts = list(more)
    if "input" in wanted:
        texts += [text_of(message) for message in item.get("messages") or ()]
        texts += [str(item["input"])] if not item.get("messages") and item.get("input") else []
    if "context" in wanted:
        texts.append(_flat(item.get("context")))
    if "reference" in wanted:
        expected = item.get("expected") or {}
        texts += [_flat(expected.get(name)) for name in ("text", "label", "json")]
    if "retrieved" in wanted:
        texts += [f"{one.get('heading', '')}\n{one.get('text', '')}" for one in item.get("retrieved") or ()]
    return index(tuple(text for text in texts if text.strip()))


@lru_cache(maxsize=64)
def index(texts: tuple[str, ...]) -> Sources:
    """The same case comes back for each candidate and repeat, so the last ones are kept."""
    text = "\n".join(texts)[:MAX_CHARS]
    spans = sentences(text)
    parts = [text[start:end] for start, end in spans]
    found = [fact for part in parts for fact in facts(part, 0, frozenset())]
    keys = {(fact.kind, key) for fact in found for key in fact.keys}
    # a day of the month and a year may also be said alone
    keys |= {("number", part) for kind, key in keys if kind == "date" for part in key.split("-") if part != "0"}
    stems = [frozenset(content(part)) for part in parts]
    return Sources(
        frozenset().union(*stems),
        frozenset(TOKEN.findall(text.casefold())),
        text.casefold(),
        frozenset(keys),
        tuple(zip(parts, stems, [negated(part) for part in parts], strict=True)),
    )


def _overlap(ours: set[str], theirs: frozenset[str]) -> float:
    """Shared stems over the larger of the two, so that a long sentence is not about everything."""
    return len(ours & theirs) / max(len(ours), len(theirs), 1)


def _same_day(one: str, other: str) -> bool:
    """Dates agree in every part that the first one says."""
    return all(ours in ("0", theirs) for ours, theirs in zip(one.split("-"), other.split("-"), strict=True))


def _flat(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, list):
        return "\n".join(_flat(one) for one in value)
    return orjson.dumps(value).decode()
