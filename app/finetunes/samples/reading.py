"""A sample output out of an event of the local engine. Pure, and trusting nothing in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.gateway.answers import storable

LONGEST = 4_000  # characters of each text
MOST = 20  # prompts
TEXTS = ("question", "prompt", "expected", "output")
SOURCES = ("training_file", "validation_file")


@dataclass(frozen=True)
class Sample:
    """``line`` of the file ``source``, from 1."""

    step: int
    number: int
    source: str
    line: int
    question: str
    prompt: str
    expected: str
    output: str
    finished: bool


def read(data: Any) -> Sample | None:
    """The sample in an event's data, None where there is none or it is not whole."""
    found = data.get("sample") if isinstance(data, Mapping) else None
    if not isinstance(found, Mapping) or found.get("source") not in SOURCES:
        return None
    step, number, line = (_count(found.get(name)) for name in ("step", "index", "line"))
    if step is None or number is None or line is None or number >= MOST:
        return None
    return Sample(
        step=step,
        number=number,
        source=found["source"],
        line=line,
        finished=found.get("finished") is not False,
        **{name: storable(str(found.get(name) or ""))[:LONGEST] for name in TEXTS},
    )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None
