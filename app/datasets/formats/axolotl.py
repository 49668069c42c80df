"""Axolotl's ``chat_template`` rows: messages that say whether they are trained, so that weights are kept.

Not among the exports: it only goes into a ready-to-train folder, whose configuration names these fields.
"""

from collections.abc import Mapping
from typing import Any

from app.datasets.formats import trl
from app.datasets.formats.base import CannotHold, Record, Writer, json_lines
from app.datasets.formats.turns import answers


def line(record: Record, paired: bool) -> dict[str, Any]:
    if paired:
        prompt, preferred, other = answers(record)
        if len(other) != 1 or any(m.get("tool_calls") for m in (*prompt, *preferred, *other)) or record.tools:
            raise CannotHold("has tools or an answer of several messages, which Axolotl's DPO rows do not hold")
        found = trl.line(record, True)
        return {"messages": found["prompt"], "chosen": found["chosen"][0], "rejected": found["rejected"][0]}
    plain = [{name: value for name, value in m.items() if name != "weight"} for m in record.messages]
    row = trl.line(Record(record.number, plain, record.tools), False)
    marked = [said | {"train": _trained(m)} for said, m in zip(row["messages"], record.messages, strict=True)]
    return row | {"messages": marked}


def _trained(message: Mapping[str, Any]) -> bool:
    return message["role"] == "assistant" and message.get("weight") != 0


WRITER = Writer(
    "axolotl",
    "Axolotl",
    "jsonl",
    "application/jsonl",
    json_lines(line),
    holds="messages, tools, weights; pairs of plain answers",
    limits="text only",
    check=line,
)
