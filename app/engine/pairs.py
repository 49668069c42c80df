"""Preference rows: OpenAI's JSONL for DPO, a request with the answer that was preferred and the one that was not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from app.engine.messages import BadMessage, check_message
from app.engine.rows import Row, parse_object, parse_row, tools_of

MethodName = Literal["supervised", "dpo"]


@dataclass(frozen=True)
class Pair:
    """One comparison and its line: the same request twice, each time with one answer, which alone carries loss."""

    line: int
    preferred: Row
    non_preferred: Row


def parse_pair(raw: bytes, line: int) -> Pair:
    """Raises BadMessage with the reason."""
    row = parse_object(raw, line)
    request = row.get("input")
    if not isinstance(request, dict):
        hint = "; a row of 'messages' is for a supervised job" if "messages" in row else ""
        raise BadMessage(f"'input' must be an object with 'messages'{hint}")
    messages = request.get("messages")
    if not isinstance(messages, list) or not messages:
        raise BadMessage("'input.messages' must be a list with at least one message")
    for index, message in enumerate(messages):
        check_message(message, f"input.messages[{index}]")
    if messages[-1]["role"] == "assistant":
        raise BadMessage("input.messages ends with an assistant message: there is nothing to answer")
    asked = [message | {"weight": 0} if message["role"] == "assistant" else message for message in messages]
    preferred, other = (_answer(row, side) for side in ("preferred_output", "non_preferred_output"))
    if preferred == other:
        raise BadMessage("preferred_output and non_preferred_output are the same")
    tools = tools_of(request, "input.tools")
    return Pair(line, Row(line, [*asked, preferred], tools), Row(line, [*asked, other], tools))


def _answer(row: dict[str, Any], side: str) -> dict[str, Any]:
    messages = row.get(side)
    if not isinstance(messages, list) or len(messages) != 1:
        raise BadMessage(f"'{side}' must be a list of one assistant message")
    check_message(messages[0], f"{side}[0]")
    if messages[0]["role"] != "assistant":
        raise BadMessage(f"{side}[0].role must be assistant")
    return {key: value for key, value in messages[0].items() if key != "weight"}


#: How a line of a job's files is read.
PARSERS: dict[MethodName, Callable[[bytes, int], Row | Pair]] = {"supervised": parse_row, "dpo": parse_pair}
