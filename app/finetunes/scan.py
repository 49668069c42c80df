"""One look at the exact bytes that are to be uploaded: their hash, size, and every prompt that they teach. Pure."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from app.examples.rules import fingerprint_unit, text_of


@dataclass(frozen=True)
class Scan:
    """``units``: the fingerprint of each prompt that an answer is trained on, with the first line it stands on.

    ``characters`` counts what the model reads and writes in one pass, for the estimate of tokens.
    """

    sha256: str
    lines: int
    messages: int
    characters: int
    units: Mapping[str, int]


Show = Callable[[int, str, Sequence[Mapping[str, Any]]], None]


def scan(lines: Iterable[bytes], show: Show | None = None) -> Scan:
    """Read training lines (OpenAI's chat JSONL, one a piece). A line that is not such a row has no prompts.

    ``show`` gets (line, fingerprint, messages) of every prompt that an answer is trained on.
    """
    digest = hashlib.sha256()
    count = messages = characters = 0
    units: dict[str, int] = {}
    for count, line in enumerate(lines, 1):
        digest.update(line)
        row = _row(line)
        messages += len(row)
        characters += sum(len(text_of(m.get("content"))) + len(str(m.get("tool_calls") or "")) for m in row)
        for unit, asked in _taught(row):
            units.setdefault(unit, count)
            if show is not None:
                show(count, unit, asked)
    return Scan(digest.hexdigest(), count, messages, characters, units)


def _row(line: bytes) -> Sequence[Mapping[str, Any]]:
    try:
        row = orjson.loads(line)
        return list(row["messages"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return []


def _taught(messages: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Sequence[Mapping[str, Any]]]]:
    """The last turn is what is fingerprinted everywhere else; earlier answers of a conversation are trained on too."""
    for index, message in enumerate(messages):
        if message.get("role") == "assistant" and message.get("weight") != 0:
            yield fingerprint_unit(messages[: index + 1]), messages[:index]
