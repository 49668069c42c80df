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

    ``characters`` counts what the model reads and writes in one pass, ``answer_characters`` (in so many ``answers``)
    what carries loss, ``longest`` the (characters, messages) of the longest conversation: for estimates. A row of
    preferences is two conversations.
    """

    sha256: str
    lines: int
    messages: int
    characters: int
    units: Mapping[str, int]
    answers: int = 0
    answer_characters: int = 0
    longest: tuple[int, int] = (0, 0)


Show = Callable[[int, str, Sequence[Mapping[str, Any]]], None]


def scan(lines: Iterable[bytes], show: Show | None = None) -> Scan:
    """Read training lines (OpenAI's chat or preference JSONL, one a piece). A line that is neither has no prompts.

    ``show`` gets (line, fingerprint, messages) of every prompt that an answer is trained on.
    """
    digest = hashlib.sha256()
    count = messages = characters = answers = answer_characters = 0
    longest = (0, 0)
    units: dict[str, int] = {}
    for count, line in enumerate(lines, 1):
        digest.update(line)
        for row in _conversations(line):
            size = sum(map(_size, row))
            messages, characters, longest = messages + len(row), characters + size, max(longest, (size, len(row)))
            taught = [_size(message) for message in row if _is_taught(message)]
            answers, answer_characters = answers + len(taught), answer_characters + sum(taught)
            for unit, asked in _taught(row):
                units.setdefault(unit, count)
                if show is not None:
                    show(count, unit, asked)
    return Scan(digest.hexdigest(), count, messages, characters, units, answers, answer_characters, longest)


def _conversations(line: bytes) -> Sequence[Sequence[Mapping[str, Any]]]:
    """One of a chat row, two of a row of preferences: with the preferred answer, and with the other."""
    try:
        row = orjson.loads(line)
        if "messages" in row:
            return [list(row["messages"])]
        asked = list(row["input"]["messages"])
        return [[*asked, *row[answer]] for answer in ("preferred_output", "non_preferred_output")]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return []


def _size(message: Mapping[str, Any]) -> int:
    """Characters that the model reads or writes of it."""
    return len(text_of(message.get("content"))) + len(str(message.get("tool_calls") or ""))


def _is_taught(message: Mapping[str, Any]) -> bool:
    return message.get("role") == "assistant" and message.get("weight") != 0


def _taught(messages: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Sequence[Mapping[str, Any]]]]:
    """The last turn is what is fingerprinted everywhere else; earlier answers of a conversation are trained on too."""
    for index, message in enumerate(messages):
        if _is_taught(message):
            yield fingerprint_unit(messages[: index + 1]), messages[:index]
