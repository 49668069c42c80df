"""What a batch may cost at most, before anything is sent. Pure.

A token for every three characters sent, and all the tokens that may come back: an upper bound for languages in Latin
script, so that the bill is below it, not above.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

CHARACTERS_PER_TOKEN = 3.0
ASSUMED_OUTPUT_TOKENS = 1024  # where a request sets no limit, as for eval runs


@dataclass(frozen=True)
class Estimate:
    """``dollars`` is None where no price is known."""

    calls: int
    input_tokens: int
    output_tokens: int
    dollars: float | None


def of_call(body: Mapping[str, Any]) -> tuple[int, int]:
    """(tokens sent, tokens that may come back)."""
    sent = len(orjson.dumps(body["messages"]).decode()) / CHARACTERS_PER_TOKEN
    return round(sent), int(body.get("max_tokens") or ASSUMED_OUTPUT_TOKENS)


def dollars(price: Mapping[str, Any] | None, sent: int, back: int) -> float | None:
    return None if price is None else (sent * price["input"] + back * price["output"]) / 1_000_000


def total(bodies: Sequence[Mapping[str, Any]], price: Mapping[str, Any] | None) -> Estimate:
    tokens = [of_call(body) for body in bodies]
    sent, back = sum(one[0] for one in tokens), sum(one[1] for one in tokens)
    return Estimate(len(bodies), sent, back, dollars(price, sent, back))
