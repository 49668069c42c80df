"""Reading what a provider sent for a chat completion. Pure, and trusting nothing in it."""

from dataclasses import dataclass
from typing import Any

import orjson

from app.gateway.failures import Failure

# Finish reasons of a text that is not all there. None (a stream that broke off, a server that does not say) counts.
CUT_SHORT = (None, "length", "content_filter")


@dataclass(frozen=True)
class Answer:
    """One completion. ``complete`` is false where it was cut short: then it is shown, and never scored.
    ``first_token_ms``: milliseconds until its first token came, where it was streamed."""

    complete: bool
    text: str | None
    tool_calls: list[Any] | None
    finish_reason: str | None
    model: str | None
    system_fingerprint: str | None
    input_tokens: int | None
    output_tokens: int | None
    first_token_ms: float | None = None


def read_completion(body: bytes) -> Answer | Failure:
    """The body of a 2xx answer to ``/chat/completions``."""
    data = read_object(body)
    if isinstance(data, Failure):
        return data
    choices = data.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        return Failure("unreadable", f"The provider's JSON holds no answer: {start_of(body)}")
    return _answer(data, choice, message)


def read_object(body: bytes) -> dict[str, Any] | Failure:
    """The JSON object of a 2xx answer; what says that it failed, or is none, is a failure."""
    if not body.strip():
        return Failure("empty", "The provider answered 200 with nothing in it.")
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        return Failure("unreadable", f"The provider did not answer JSON but: {start_of(body)}")
    if isinstance(data, dict) and data.get("error"):
        return Failure("error_body", f"The provider answered 200 with an error: {error_message(data)}")
    return data if isinstance(data, dict) else {}


def _answer(data: dict[str, Any], choice: dict[str, Any], message: dict[str, Any]) -> Answer:
    finish = _text(choice.get("finish_reason"))
    usage = data.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    # a refusal in OpenAI's own field is an answer like any other
    text = _content(message.get("content"))
    return Answer(
        complete=finish not in CUT_SHORT,
        text=_text(message.get("refusal")) if text is None else text,
        tool_calls=_tool_calls(message.get("tool_calls")),
        finish_reason=finish,
        model=_text(data.get("model")),
        system_fingerprint=_text(data.get("system_fingerprint")),
        input_tokens=tokens_of(usage.get("prompt_tokens")),
        output_tokens=tokens_of(usage.get("completion_tokens")),
    )


def error_message(data: Any) -> str:
    """The provider's own words from an error body, in OpenAI's shape or near it."""
    error = data.get("error", data) if isinstance(data, dict) else data
    if isinstance(error, dict):
        error = error.get("message") or error.get("detail") or error.get("code") or ""
    return storable(str(error))[:500]


def storable(text: str) -> str:
    """Text as Postgres can hold it: NUL is shown as its picture."""
    return text.replace("\0", "\N{SYMBOL FOR NULL}")


def _content(value: Any) -> str | None:
    """Text, or the text parts of the list form."""
    if isinstance(value, list):
        parts = [part.get("text") for part in value if isinstance(part, dict)]
        return storable("".join(part for part in parts if isinstance(part, str)))
    return _text(value)


def _tool_calls(value: Any) -> list[Any] | None:
    """The calls in OpenAI's shape, only the fields that it defines; arguments stay the text that came."""
    functions = [c.get("function") for c in value if isinstance(c, dict)] if isinstance(value, list) else []
    calls = [
        {"type": "function", "function": {"name": _text(f.get("name")) or "", "arguments": _text(f.get("arguments"))}}
        for f in functions
        if isinstance(f, dict)
    ]
    return calls or None


def _text(value: Any) -> str | None:
    return storable(value) if isinstance(value, str) else None


def tokens_of(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None


def start_of(body: bytes) -> str:
    text = " ".join(storable(body[:400].decode("utf-8", "replace")).split())
    return text[:120] + ("…" if len(text) > 120 else "")
