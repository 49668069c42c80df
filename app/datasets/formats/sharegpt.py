"""ShareGPT as LLaMA-Factory and Axolotl read it: human and tool turns at odd places, the model's at even ones.

LLaMA-Factory passes over a row whose turns do not alternate, with no more than a line in its log: such rows are
refused here. Ids of tool calls have no place; calls and results belong together by their order.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from app.datasets.formats.base import CannotHold, Record, Writer, json_lines
from app.datasets.formats.turns import answers, arguments, plain, system_and_turns, text
from app.datasets.rules import sorted_keys

ASKING, ANSWERING = ("human", "observation"), ("gpt", "function_call")


def line(record: Record, paired: bool) -> dict[str, Any]:
    prompt, preferred, other = answers(record) if paired else (record.messages, [], [])
    system, turns = system_and_turns(prompt)
    row: dict[str, Any] = {"conversations": _alternating(list(_turns(turns)), ends_with_answer=not paired)}
    if paired:
        row |= {"chosen": _answer(preferred), "rejected": _answer(other)}
    if system is not None:
        row["system"] = system
    if record.tools:
        row["tools"] = orjson.dumps([sorted_keys(tool) for tool in record.tools]).decode()
    return row


def _answer(messages: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    if len(messages) != 1:
        raise CannotHold("has an answer of several messages")
    (answer,) = _turns(messages)
    return answer


def _turns(messages: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, str]]:
    open_calls: list[str] = []
    for message in messages:
        if message["role"] == "tool":
            if message.get("tool_call_id") != (open_calls.pop(0) if open_calls else None):
                raise CannotHold("answers tool calls in another order than they were made")
            yield {"from": "observation", "value": text(message)}
        elif message.get("tool_calls"):
            open_calls = [str(call.get("id")) for call in message["tool_calls"]]
            yield {"from": "function_call", "value": _calls(message)}
        else:
            yield {"from": "human" if message["role"] == "user" else "gpt", "value": text(message)}


def _calls(message: Mapping[str, Any]) -> str:
    plain(message)
    if message.get("content"):
        raise CannotHold("says something and calls a tool in one message")
    calls = [
        {"name": call["function"]["name"], "arguments": arguments(call["function"])} for call in message["tool_calls"]
    ]
    return orjson.dumps(calls[0] if len(calls) == 1 else calls).decode()


def _alternating(turns: list[dict[str, str]], *, ends_with_answer: bool) -> list[dict[str, str]]:
    for index, turn in enumerate(turns):
        if turn["from"] not in (ANSWERING if index % 2 else ASKING):
            raise CannotHold("has two turns of one side in a row")
    if (len(turns) % 2 == 0) is not ends_with_answer:
        raise CannotHold("does not end with an answer" if ends_with_answer else "does not end with a request")
    return turns


WRITER = Writer(
    "sharegpt",
    "ShareGPT",
    "jsonl",
    "application/jsonl",
    json_lines(line),
    holds="a first system message, turns that alternate, tools, tool calls and their results, both answers",
    limits="text only; no weights, names, ids of calls or two turns of one side in a row; none of our fields",
    check=line,
)
