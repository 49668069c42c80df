"""From a candidate and a case to the request that is sent. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.candidates.knowledge.pinning import Pinned
from app.candidates.knowledge.rules import Found
from app.candidates.rules import request_messages, request_of

# what a chat completion takes of a message; ours beside them (weight, metadata) stay here
MESSAGE_FIELDS = ("role", "content", "name", "tool_calls", "tool_call_id", "refusal")


@dataclass(frozen=True)
class Asked:
    """What of a candidate goes into every request, and its price for what comes back."""

    model: str
    system_prompt: str | None
    prompt_template: str | None
    parameters: dict[str, Any]
    price: dict[str, Any] | None
    shots: Sequence[Sequence[dict[str, Any]]] = ()
    searches: Pinned | None = None


@dataclass(frozen=True)
class Case:
    id: str
    messages: Sequence[dict[str, Any]]
    tools: list[Any] | None


def request_body(asked: Asked, case: Case, found: Sequence[Found] = ()) -> dict[str, Any]:
    """The JSON body of ``POST /chat/completions``; ``found``: what was retrieved, for a candidate that searches."""
    sources = asked.searches.sources(request_of(case.messages), found) if asked.searches else None
    messages = request_messages(case.messages, asked.system_prompt, asked.prompt_template, asked.shots, sources)
    clean = [{field: m[field] for field in MESSAGE_FIELDS if m.get(field) is not None} for m in messages]
    body = {"model": asked.model, "messages": clean, **asked.parameters}
    return body | {"tools": case.tools} if case.tools else body
