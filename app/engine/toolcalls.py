"""Tool calls in an answer: ``<tool_call>{"name": ..., "arguments": {...}}</tool_call>``."""

import json
import re
from typing import Any

from app.engine.storage import new_id

_CALL = re.compile(r"<tool_call>(.*?)</tool_call>", re.DOTALL)


def split_tool_calls(text: str) -> tuple[str, list[dict[str, Any]]]:
    """The text around the calls, and the calls as OpenAI's objects.

    A call that is not the JSON it should be stays in the text: it is the model's mistake, for graders to see.
    """
    calls: list[dict[str, Any]] = []

    def take(match: re.Match[str]) -> str:
        try:
            call = json.loads(match[1])
            name, arguments = call["name"], call.get("arguments", {})
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return match[0]
        if not isinstance(name, str):
            return match[0]
        written = arguments if isinstance(arguments, str) else json.dumps(arguments)
        function = {"name": name, "arguments": written}
        calls.append({"id": new_id("call_"), "type": "function", "function": function})
        return ""

    rest = _CALL.sub(take, text)
    return (rest.strip() if calls else text), calls
