"""OpenAI's preference format, for DPO: a request, the answer that was preferred and the one that was not."""

from typing import Any

from app.datasets.formats.base import Record, Writer, json_lines
from app.datasets.formats.turns import answers
from app.datasets.rules import in_order, sorted_keys


def line(record: Record, paired: bool) -> dict[str, Any]:
    prompt, preferred, other = answers(record)
    asked: dict[str, Any] = {"messages": [in_order(message) for message in prompt]}
    if record.tools:
        asked["tools"] = [sorted_keys(tool) for tool in record.tools]
    return {
        "input": asked,
        "preferred_output": [in_order(message) for message in preferred],
        "non_preferred_output": [in_order(message) for message in other],
    }


WRITER = Writer(
    "openai_preference",
    "OpenAI preference",
    "jsonl",
    "application/jsonl",
    json_lines(line),
    holds="messages, tools and both answers",
    limits="only examples with an answer that was not preferred",
    check=line,
    pairs_only=True,
)
