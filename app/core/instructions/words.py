"""Instructions as people read them."""

from collections.abc import Mapping
from typing import Any

from app.core.instructions.parsing import FIELDS, WrongInstruction, parse


def in_words(expected: Mapping[str, Any] | None) -> str:
    """“no comma; at least 300 words”; nothing where no instructions stand that can be read."""
    wanted = expected or {}
    if wanted.keys().isdisjoint(FIELDS):
        return ""
    try:
        return "; ".join(one.kind.asks for one in parse(*(wanted.get(name) for name in FIELDS)))
    except WrongInstruction:
        return ""


def readable(expected: Mapping[str, Any] | None) -> dict[str, Any]:
    """What is expected, its instructions as one text under ``instructions``."""
    said = in_words(expected)
    if not said:
        return dict(expected or {})
    return {name: value for name, value in (expected or {}).items() if name not in FIELDS} | {"instructions": said}
