"""Reading JSON out of a model's answer, trusting nothing in it. Pure."""

from typing import Any

import orjson

from app.annotation.assist.errors import Refused

MOST_CHARACTERS = 200_000
FENCE = "```"


def read_object(text: str) -> dict[str, Any]:
    """The one JSON object in the answer; a Markdown fence around it is let pass. Raises Refused."""
    if len(text) > MOST_CHARACTERS:
        raise Refused(f"The answer is longer than {MOST_CHARACTERS:,} characters.")
    stripped = _unfenced(text.strip())
    try:
        value = orjson.loads(stripped)
    except orjson.JSONDecodeError:
        raise Refused(f"The answer is not the JSON that was asked for; it begins: {_start(text)}") from None
    if not isinstance(value, dict):
        raise Refused(f"The answer is JSON, but not an object; it begins: {_start(text)}")
    return value


def _unfenced(text: str) -> str:
    if not (text.startswith(FENCE) and text.endswith(FENCE) and "\n" in text):
        return text
    return text[text.index("\n") + 1 : -len(FENCE)].strip()


def _start(text: str) -> str:
    flat = " ".join(text[:400].split())
    return f"“{flat[:120]}{'…' if len(flat) > 120 else ''}”" if flat else "nothing"
