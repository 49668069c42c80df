"""From a candidate and a case to the request that is sent. Pure."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from app.candidates.knowledge.pinning import Pinned
from app.candidates.knowledge.rules import Found
from app.candidates.rules import request_messages, request_of
from app.gateway.streams import ASKED

# what a chat completion takes of a message; ours beside them (weight, metadata) stay here
MESSAGE_FIELDS = ("role", "content", "name", "tool_calls", "tool_call_id", "refusal")


@dataclass(frozen=True)
class Asked:
    """What of a candidate goes into every request, and its price for what comes back. ``at``: the provider, by its id
    and address."""

    model: str
    system_prompt: str | None
    prompt_template: str | None
    parameters: dict[str, Any]
    price: dict[str, Any] | None
    shots: Sequence[Sequence[dict[str, Any]]] = ()
    searches: Pinned | None = None
    stream: bool = False
    at: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A case as it is sent and, from ``expected`` on, as it is graded."""

    id: str
    messages: Sequence[dict[str, Any]]
    tools: list[Any] | None
    expected: dict[str, Any] = field(default_factory=dict)
    behavior: str | None = None
    tags: Sequence[str] = ()
    extra: dict[str, Any] = field(default_factory=dict)


def request_body(asked: Asked, case: Case, found: Sequence[Found] = ()) -> dict[str, Any]:
    """The JSON body of ``POST /chat/completions``; ``found``: what was retrieved, for a candidate that searches."""
    sources = asked.searches.sources(request_of(case.messages), found) if asked.searches else None
    messages = request_messages(case.messages, asked.system_prompt, asked.prompt_template, asked.shots, sources)
    clean = [{field: m[field] for field in MESSAGE_FIELDS if m.get(field) is not None} for m in messages]
    body = {"model": asked.model, "messages": clean, **asked.parameters} | (ASKED if asked.stream else {})
    return body | {"tools": case.tools} if case.tools else body


def request_digest(at: str, body: dict[str, Any]) -> str:
    """SHA-256 in hex of where a request goes and of its bytes as they are sent: model, parameters, messages, tools."""
    return hashlib.sha256(at.encode() + b"\n" + orjson.dumps(body)).hexdigest()
