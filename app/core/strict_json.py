"""JSON as a production parser reads it: nothing repaired, nothing guessed."""

import json
import math
from typing import Any

MAX_CHARS = 400_000
MAX_DEPTH = 64


class StrictJsonError(ValueError):
    """Why the text is not one valid JSON value."""


def parse(text: str) -> Any:
    """The one JSON value that the text is (RFC 8259; white space around it is allowed, a code fence is not).

    Refused: duplicate keys, NaN and Infinity, numbers beyond a double, half surrogate pairs, more than ``MAX_DEPTH``
    levels, more than ``MAX_CHARS`` characters.
    """
    if len(text) > MAX_CHARS:
        raise StrictJsonError(f"longer than {MAX_CHARS:,} characters")
    if _depth(text) > MAX_DEPTH:
        raise StrictJsonError(f"nested deeper than {MAX_DEPTH} levels")
    try:
        value = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_integer
        )
        json.dumps(value, ensure_ascii=False).encode()
    except StrictJsonError:
        raise
    except UnicodeEncodeError:
        raise StrictJsonError("a half surrogate pair is not a character") from None
    except json.JSONDecodeError as error:
        raise StrictJsonError(f"line {error.lineno}, column {error.colno}: {error.msg}") from None
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise StrictJsonError(f"the key {key[:80]!r} is there twice")
        found[key] = value
    return found


def _refuse_constant(name: str) -> Any:
    raise StrictJsonError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise StrictJsonError(f"the number {digits[:40]} is too large")
    return value


def _integer(digits: str) -> int:
    if len(digits) > 400:
        raise StrictJsonError(f"the number {digits[:40]}… is too large")
    return int(digits)


def _depth(text: str) -> int:
    """Deepest nesting of brackets outside strings, found before the parser recurses."""
    depth = deepest = 0
    in_string = escaped = False
    for char in text:
        if in_string:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                in_string = False
        elif char == '"':
            in_string = True
        elif char in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}":
            depth -= 1
    return deepest
