"""JSON as the standard has it: no NaN, no infinity, no field twice. Pure.

The standard library's parser, because the faster one silently keeps the last of two fields of one name and turns
large whole numbers into rounded ones.
"""

import json
import math
from typing import Any

from app.examples.chat import Refused


def parse_json(text: str) -> Any:
    """One JSON value. Raises Refused naming the column and the reason."""
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise Refused(f"the line: is not JSON: {error.msg} (column {error.colno})") from error
    except RecursionError as error:
        raise Refused("the line: objects and lists stand too deep in one another") from error
    except ValueError as error:  # a number of more than 4,300 digits
        if isinstance(error, Refused):
            raise
        raise Refused("the line: a number has too many digits") from error


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        shown = twice[:40].encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")
        raise Refused(f"the line: the field “{shown}” stands twice in one object")
    return fields


def _no_constant(name: str) -> Any:
    raise Refused(f"the line: {name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise Refused(f"the line: the number {text[:40]} is too large")
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=_no_duplicates, parse_constant=_no_constant, parse_float=_finite)
