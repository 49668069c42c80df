"""Alpaca as LLaMA-Factory reads it: an instruction, an output, and earlier turns as pairs in ``history``."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.datasets.formats.base import CannotHold, Record, Writer, json_lines
from app.datasets.formats.turns import answers, system_and_turns, text


def line(record: Record, paired: bool) -> dict[str, Any]:
    if record.tools:
        raise CannotHold("has tools")
    prompt, preferred, other = answers(record) if paired else (record.messages[:-1], record.messages[-1:], [])
    system, turns = system_and_turns(prompt)
    *history, asked = _pairs(turns)
    row: dict[str, Any] = {"instruction": asked[0], "input": ""}
    row |= {"chosen": _said(preferred), "rejected": _said(other)} if paired else {"output": _said(preferred)}
    if system is not None:
        row["system"] = system
    if history:
        row["history"] = history
    return row


def _pairs(turns: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """[user, assistant] of each earlier exchange, then [user]. Raises CannotHold where they do not alternate."""
    for index, turn in enumerate(turns):
        if turn["role"] != ("assistant" if index % 2 else "user"):
            raise CannotHold("has other turns than a user's and an assistant's by turns")
    if len(turns) % 2 == 0:
        raise CannotHold("does not end with a request and its answer")
    said = [text(turn) for turn in turns]
    return [said[start : start + 2] for start in range(0, len(said), 2)]


def _said(messages: Sequence[Mapping[str, Any]]) -> str:
    if len(messages) != 1 or messages[0]["role"] != "assistant":
        raise CannotHold("does not end with one answer")
    return text(messages[0], "the answer")


WRITER = Writer(
    "alpaca",
    "Alpaca",
    "jsonl",
    "application/jsonl",
    json_lines(line),
    holds="a first system message, a user's and an assistant's turns, both answers",
    limits="text only; no tools, weights or names; none of our fields",
    check=line,
)
