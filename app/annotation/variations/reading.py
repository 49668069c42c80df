"""From a model's answer to new examples. Pure; the texts are untrusted and checked like an import."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.annotation.assist.answers import read_object
from app.annotation.assist.errors import Refused
from app.examples.chat import Refused as NoExample
from app.examples.rules import ParsedExample, answer_index, parse_example

MOST_CHARACTERS = 20_000


@dataclass(frozen=True)
class Written:
    """One variation as the model wrote it; ``answer`` None keeps the seed's."""

    request: str
    answer: str | None


def read(text: str, most: int, *, with_answer: bool) -> list[Written]:
    """At most ``most`` variations. Raises Refused where the answer as a whole is not what was asked for."""
    listed = read_object(text).get("variations")
    if not isinstance(listed, list):
        raise Refused("The answer has no list “variations”.")
    found = [_one(row, with_answer) for row in listed[:most]]
    usable = [one for one in found if one is not None]
    if not usable:
        raise Refused("None of the variations in the answer is a usable text.")
    return usable


def _one(row: Any, with_answer: bool) -> Written | None:
    if not isinstance(row, dict):
        return None
    request, answer = row.get("request"), row.get("answer") if with_answer else None
    if not _usable(request) or (with_answer and not _usable(answer)):
        return None
    return Written(str(request).strip(), str(answer).strip() if with_answer else None)


def _usable(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= MOST_CHARACTERS


def can_be_varied(messages: Sequence[Mapping[str, Any]]) -> bool:
    """A request in plain text: a picture, or a call of a tool, cannot be put in other words."""
    index = last_request(messages)
    return index is not None and isinstance(messages[index].get("content"), str)


def last_request(messages: Sequence[Mapping[str, Any]]) -> int | None:
    """Where the last user message before the target answer stands."""
    end = answer_index(messages)
    before = range(len(messages) if end is None else end)
    return max((i for i in before if messages[i].get("role") == "user"), default=None)


def as_example(
    written: Written, messages: Sequence[Mapping[str, Any]], fields: Mapping[str, Any], group_unit: str
) -> ParsedExample | None:
    """The seed with another request; None where the text cannot be stored. ``group_unit`` is the seed's, so that a
    test set which takes the seed takes its variations too."""
    varied = [dict(message) for message in messages]
    varied[last_request(messages) or 0]["content"] = written.request
    end = answer_index(messages)
    if written.answer is not None and end is not None:
        varied[end]["content"] = written.answer
    try:
        return parse_example({**fields, "messages": varied, "source": "synthetic"}, group_unit=group_unit)
    except NoExample:
        return None
