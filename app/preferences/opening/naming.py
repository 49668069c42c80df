"""Outputs that say whose they are ("As ChatGPT …", "I am Claude", the candidate's own model). Pure.

A word that stands in the prompt gives nothing away, and is let pass.
"""

import re
from collections.abc import Iterable
from typing import Any

from app.core.patterns import compiled

# makers and models whose names are hardly anything else
ALWAYS = (
    "chatgpt", "openai", "anthropic", "deepseek", "mixtral", "mistral ai", "qwen", "google deepmind", "meta ai",
    "smollm", "hugging face assistant", "bard by google", "xai",
)  # fmt: skip
VERSIONED = r"\b(?:gpt|claude|gemini|llama|gemma|phi|grok|mistral|command[ -]r)[ -]?\d[\w.]*"
# names that are also words or people's names: only where the output speaks of itself
OWN = r"(?:claude|gemini|llama|gemma|grok|bard|copilot|mistral|phi|gpt)"
SELF = (
    r"(?:\bi am|\bi['’]m|\bmy name is|\bas|\bthis is|\bich bin|\bals|\bje suis|\bsoy|\byo soy|\bsono)"
    r"[ ,]+(?:an? |the |der |die |das |el |le |il )?"
)
# fmt: off
GENERIC = frozenset((
    "model", "models", "base", "chat", "instruct", "tuned", "local", "tiny", "small", "medium", "large", "mini", "nano",
    "turbo", "assistant", "test", "default", "latest", "preview", "random", "general", "reply", "support", "english",
    "baseline", "candidate", "prompt",
))
# fmt: on
MASK = "[name]"
LEAST = 4  # letters of a name


def names_of(candidates: Iterable[str], models: Iterable[str], providers: Iterable[str]) -> list[str]:
    """What an output of the round could call itself by.

    Of a model's id the last part and the family in front of its first digit (``SmolLM2-135M`` → ``smollm``), except
    ordinary words; a candidate's or a provider's name only where it is no single plain word ("Tuned" is).
    """
    found: dict[str, None] = {}
    for model in models:
        last = re.split(r"[/:]", model.strip())[-1] if not model.startswith("ft:") else model.split(":")[1]
        family = re.match(r"[^\W\d_]*", last)
        for name in (last, family.group() if family else ""):
            if len(name) >= LEAST and name.lower() not in GENERIC:
                found[name.lower()] = None
    for name in (*candidates, *providers):
        clean = name.strip().lower()
        if len(clean) >= LEAST and re.search(r"[\d\s/_.:-]", clean) and not _only_generic(clean):
            found[clean] = None
    return list(found)


def pattern_of(names: Iterable[str]) -> Any:
    """One linear-time pattern (RE2) for all of it."""
    words = "|".join(re.escape(name) for name in sorted({*ALWAYS, *names}, key=lambda name: (-len(name), name)))
    return compiled(rf"\b(?:{words})\b|{VERSIONED}|{SELF}{OWN}\b", ignore_case=True)


def named(pattern: Any, prompt: str, text: str) -> list[str]:
    """The words by which ``text`` says whose it is, in lower case, each once; none that ``prompt`` says too."""
    asked = prompt.lower()
    found = dict.fromkeys(match.group().lower() for match in pattern.finditer(text))
    return [word for word in found if word not in asked]


def masked(pattern: Any, words: Iterable[str], text: str) -> str:
    """The text with these words out of sight."""
    hidden = frozenset(words)
    return "".join(_pieces(pattern, hidden, text))


def _pieces(pattern: Any, hidden: frozenset[str], text: str) -> Iterable[str]:
    end = 0
    for match in pattern.finditer(text):
        if match.group().lower() in hidden:
            yield text[end : match.start()]
            yield MASK
            end = match.end()
    yield text[end:]


def _only_generic(name: str) -> bool:
    """ "base model", "prompt 2", "support-tuned": words of every reply."""
    return all(part in GENERIC or part.isdigit() for part in re.split(r"[\s/_.:-]+", name) if part)
