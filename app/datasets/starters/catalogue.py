"""The templates, and how they speak of the project at hand. Pure.

Slots in ``{braces}`` are filled from the project's name and labels; what stands in ``[brackets]`` only an expert
knows.
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

BRACKETS = re.compile(r"\[[^\[\]\n]{2,80}\]")
NO_LABEL, NO_OTHER = "[what it is about]", "[another topic]"
# kinds that belong into an edge set: difficult, but nobody means harm
EDGE = (
    "missing_information",
    "self_contradiction",
    "false_premise",
    "between_labels",
    "long_and_garbled",
    "languages",
    "out_of_scope",
)


@dataclass(frozen=True)
class Template:
    """``behavior`` is the right reaction; ``watch`` says what a wrong answer looks like."""

    key: str
    kind: str
    behavior: str
    request: str
    watch: str


@lru_cache
def kinds() -> dict[str, str]:
    """Name and words of each kind, in order."""
    return dict(_read()["kinds"])


@lru_cache
def templates() -> dict[str, Template]:
    return {entry["key"]: Template(**entry) for entry in _read()["template"]}


def filled(project: str, labels: Sequence[str]) -> list[Template]:
    """Every template, speaking of the project; the labels take turns, so that each is met."""
    names = [label.replace("_", " ") for label in labels] or [NO_LABEL]
    found = []
    for number, template in enumerate(templates().values()):
        label = names[number % len(names)]
        other = names[(number + 1) % len(names)] if len(names) > 1 else NO_OTHER
        slots = {"{project}": project, "{label}": label, "{other}": other}
        found.append(replace(template, request=_fill(template.request, slots), watch=_fill(template.watch, slots)))
    return found


def _fill(text: str, slots: dict[str, str]) -> str:
    return re.sub(r"\{(project|label|other)\}", lambda slot: slots[slot.group()], text)


def left_open(given: str, request: str) -> list[str]:
    """Brackets of the text that was offered which nobody has filled yet."""
    return [bracket for bracket in BRACKETS.findall(given) if bracket in request]


@lru_cache
def _read() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "templates.toml").read_text())
