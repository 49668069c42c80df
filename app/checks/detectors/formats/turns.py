"""Who speaks when: roles that do not follow each other as a chat model is given them. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.checks.detectors.formats.problem import Problem
from app.examples.chat import INSTRUCTION_ROLES


def look_at_turns(messages: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    previous, asked, open_calls = None, False, set[str]()
    for index, message in enumerate(messages):
        role = message["role"]
        yield from _instructions(role, previous, index)
        if role == "user":
            if previous == "user":
                words = "Two user messages follow each other without an answer between them."
                yield Problem("two_in_a_row", words, index)
            asked = True
        elif role == "assistant":
            if not asked and not _greets(messages, index):
                yield Problem("answer_without_question", "The assistant answers before anybody has asked.", index)
            if previous == "assistant" and not open_calls:
                yield Problem("two_in_a_row", "Two assistant messages follow each other.", index)
            open_calls = {str(call.get("id")) for call in message.get("tool_calls") or ()}
        elif role == "tool" and str(message.get("tool_call_id")) not in open_calls:
            yield Problem("tool_without_call", "A tool answers a call that nobody made.", index)
        previous = role if role not in INSTRUCTION_ROLES else previous
    yield from _unanswered(messages)


def _instructions(role: str, previous: str | None, index: int) -> Iterator[Problem]:
    if role in INSTRUCTION_ROLES and previous is not None:
        yield Problem("system_in_middle", "Instructions stand in the middle of the conversation.", index)


def _greets(messages: Sequence[Mapping[str, Any]], index: int) -> bool:
    """An opening line of the assistant, with a conversation after it, is how many assistants begin."""
    return index + 1 < len(messages)


def _unanswered(messages: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    """A call in the middle that no tool message answers."""
    for index, message in enumerate(messages[:-1]):
        calls = message.get("tool_calls")
        if calls and messages[index + 1]["role"] != "tool":
            yield Problem("call_without_answer", "A tool is called, and its answer is missing.", index)
