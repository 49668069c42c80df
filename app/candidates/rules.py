"""From a case and a candidate to the messages that are sent. Pure, and the same for every run."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

Message = dict[str, Any]
SYSTEM_ROLES = ("system", "developer")
INPUT, SOURCES = "{{input}}", "{{sources}}"
PLACE = re.compile(r"\{\{(input|sources)\}\}")


def request_messages(
    case: Sequence[Message],
    system_prompt: str | None,
    prompt_template: str | None,
    shots: Sequence[Sequence[Message]] = (),
    sources: str | None = None,
) -> list[Message]:
    """The case's own messages, with the candidate's system prompt in place of theirs where it has one.

    ``system_prompt`` None keeps the case's own; an empty text sends none at all. ``prompt_template`` wraps the last
    user message: ``{{input}}`` is replaced by its text, and nothing else is interpreted. ``shots`` are worked
    examples: their turns stand after the instructions, each request in the same template. ``sources``, the block of
    what was retrieved, stands where the template says ``{{sources}}``, else before the request; worked examples have
    none.
    """
    messages = [dict(message) for message in case]
    if system_prompt is not None:
        messages = [m for m in messages if m.get("role") not in SYSTEM_ROLES]
        if system_prompt:
            messages.insert(0, {"role": "system", "content": system_prompt})
    own = _wrapped(messages, prompt_template, sources)
    if not shots:
        return own
    first = next((place for place, m in enumerate(own) if m.get("role") not in SYSTEM_ROLES), len(own))
    worked = [message for shot in shots for message in _wrapped(shot, prompt_template, None if sources is None else "")]
    return [*own[:first], *worked, *own[first:]]


def _wrapped(messages: Sequence[Message], template: str | None, sources: str | None) -> list[Message]:
    """With the template and the sources around the last user message."""
    found = [dict(message) for message in messages]
    asked = _last_user(found)
    if asked is not None and (template or sources):
        asked["content"] = _filled(template or INPUT, text_of(asked.get("content")), sources)
    return found


def request_of(case: Sequence[Message]) -> str:
    """The text that is searched for: that of the last user message."""
    asked = _last_user(case)
    return text_of(asked.get("content")) if asked else ""


def _last_user(messages: Sequence[Message]) -> Message | None:
    return next((message for message in reversed(messages) if message.get("role") == "user"), None)


def _filled(template: str, text: str, sources: str | None) -> str:
    """What is filled in is never looked at again: neither a request nor a document can bring a place of its own."""
    if sources is None:
        return template.replace(INPUT, text)
    if sources and SOURCES not in template:
        template = f"{SOURCES}\n\n{template}"
    values: Mapping[str, str] = {"input": text, "sources": sources}
    return PLACE.sub(lambda place: values[place.group(1)], template)


def text_of(content: Any) -> str:
    """The text of a message: a string as it is, OpenAI's content parts joined."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(str(p.get("text", "")) for p in content if isinstance(p, dict) and p.get("type") == "text")
    return ""


def cost(
    price: dict[str, Any] | None, input_tokens: int | None, output_tokens: int | None, seconds: float = 0.0
) -> float | None:
    """Dollars of one call: tokens × price per million, and ``seconds`` × the price of one. None where the price or the
    usage is not known."""
    if price and "second" in price:
        return seconds * float(price["second"])
    if price is None or input_tokens is None or output_tokens is None:
        return None
    return float(input_tokens * price["input"] + output_tokens * price["output"]) / 1_000_000
