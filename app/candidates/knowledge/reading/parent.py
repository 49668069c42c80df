"""Starting the child that reads a document, and taking in what it wrote."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import orjson

from app.examples.unpacking.kinds import Unreadable
from app.examples.unpacking.parent import answer_of

SECONDS = 120  # of a document's reading, by the clock and of the processor
TEXT_BYTES = 60_000_000  # of all that stands in one file
REFUSALS = {
    "too_much": f"The file holds more than {TEXT_BYTES // 1_000_000} MB of text. Split it.",
    "slow": f"The file could not be read within {SECONDS} seconds. Split it, or save it as plain text.",
    "memory": "Reading the file needs more memory than it may have. Split it, or save it as plain text.",
    "broke": "The file could not be read. Save it as plain text or Markdown.",
}


@dataclass(frozen=True)
class Read:
    """One version of a document. ``passages``: (text, where it stands) in order."""

    name: str
    dated: date
    kind: str
    passages: Sequence[tuple[str, str]]


def read(path: Path, name: str, dated: date, stopping: Callable[[], bool]) -> list[Read]:
    """All versions that stand in a file, in its order; ``dated`` is for a file that does not say itself.

    Raises Unreadable with the reason, Stopped when ``stopping`` says so.
    """
    out = path.with_name(path.name + ".passages")
    asked: dict[str, str | int] = {"path": str(path), "out": str(out), "name": name, "dated": dated.isoformat()}
    asked |= {"limit": TEXT_BYTES, "cpu_seconds": SECONDS}
    command = [sys.executable, "-m", "app.candidates.knowledge.reading.child", json.dumps(asked)]
    try:
        answer = answer_of(command, SECONDS, stopping)
        if "unreadable" in answer:
            raise Unreadable(answer["unreadable"])
        for sign, words in REFUSALS.items():
            if sign in answer:
                raise Unreadable(words)
        with out.open("rb") as lines:
            return [_read(orjson.loads(line)) for line in lines]
    finally:
        out.unlink(missing_ok=True)


def _read(row: dict[str, Any]) -> Read:
    passages = [(text, place) for text, place in row["passages"]]
    return Read(row["name"], date.fromisoformat(row["dated"]), row["kind"], passages)
