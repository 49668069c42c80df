"""A test case as graders see it."""

from collections.abc import Mapping
from typing import Any

from app.core.instructions import FIELDS

NAMES = ("messages", "tools", "tags", "group", "source", "metadata")


def case_item(case: Mapping[str, Any]) -> dict[str, Any]:
    """The ``item`` of a case given as a mapping in our format (interfaces.md §4).

    ``item.input``: text of the last user message. ``item.expected.{text, label, json, tool_calls, behavior}``; where
    ``expected`` has no text or no calls, a last assistant message's are it. ``item.reference``: alias of
    ``item.expected.text``. A ``behavior`` beside ``expected`` stands in for one inside. Fields of ``metadata`` can also
    be named directly (``item.reference_answer``), so that graders written for rows of another tool keep working; our
    names win.
    ``item.instruction_id_list`` and ``item.kwargs`` are those of ``expected``, or else of the metadata.
    """
    messages = list(case.get("messages") or [])
    expected = {key: value for key, value in (case.get("expected") or {}).items() if value is not None}
    if messages and messages[-1].get("role") == "assistant":
        expected.setdefault("text", text_of(messages[-1]))
        if messages[-1].get("tool_calls"):
            expected.setdefault("tool_calls", messages[-1]["tool_calls"])
        messages = messages[:-1]
    if case.get("behavior"):
        expected.setdefault("behavior", case["behavior"])
    item = dict(case.get("metadata") or {})
    item.update({name: case[name] for name in NAMES if case.get(name) is not None})
    users = [message for message in messages if message.get("role") == "user"]
    item.update(messages=messages, expected=expected)
    if users:
        item["input"] = text_of(users[-1])
    if "text" in expected:
        item["reference"] = expected["text"]
    item.update({name: expected[name] for name in FIELDS if name in expected})
    return item


def text_of(message: Mapping[str, Any]) -> str:
    """A message's text; of content in parts, the text parts, one a line."""
    content = message.get("content")
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if part.get("type") == "text")
    return content if isinstance(content, str) else ""
