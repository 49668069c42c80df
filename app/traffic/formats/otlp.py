"""OTLP/HTTP JSON spans of the OpenTelemetry GenAI conventions.

Read are the messages as attributes (``gen_ai.input.messages``, ``gen_ai.output.messages``,
``gen_ai.system_instructions``; JSON text or structured, on the span or on its events) and, of conventions up to 1.36,
the events ``gen_ai.system.message``, ``gen_ai.user.message``, ``gen_ai.assistant.message`` and ``gen_ai.choice``.
Spans that are no chat are passed over.
"""

from collections.abc import Iterator
from typing import Any

from app.examples.chat import Refused
from app.examples.strict_json import parse_json
from app.traffic.formats.completion import Completion, Unreadable, given, id_of

INPUT, OUTPUT, SYSTEM = "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions"
CHAT = ("chat", "text_completion", "generate_content")
MOST_DEPTH = 40


def spans(document: dict[str, Any]) -> Iterator[Any]:
    """Every span of a request. Raises Unreadable where its frame is not OTLP's."""
    for resource in given(document.get("resourceSpans"), list, "resourceSpans"):
        for scope in given(given(resource, dict, "resourceSpans").get("scopeSpans", []), list, "scopeSpans"):
            yield from given(given(scope, dict, "scopeSpans").get("spans", []), list, "spans")


def read(span: Any) -> Completion | None:
    """None where the span is no chat, or says nothing of what was said. Raises Unreadable."""
    span = given(span, dict, "span")
    attributes = _attributes(span.get("attributes"))
    operation = attributes.get("gen_ai.operation.name")
    if not any(name.startswith("gen_ai.") for name in attributes) or (operation and operation not in CHAT):
        return None
    events = [
        (event.get("name"), _attributes(event.get("attributes")))
        for event in given(span.get("events", []), list, "events")
        if isinstance(event, dict)
    ]
    for _name, more in events:
        attributes = {name: more[name] for name in (INPUT, OUTPUT, SYSTEM) if name in more} | attributes
    messages = _newer(attributes) or _older(events)
    if not messages:
        return None
    name = id_of(attributes.get("gen_ai.response.id"), span.get("spanId"))
    return Completion(name, _seconds(span.get("startTimeUnixNano")), messages)


def _newer(attributes: dict[str, Any]) -> list[Any]:
    if OUTPUT not in attributes or INPUT not in attributes:
        return []
    asked = [_message(one) for one in _listed(attributes[INPUT], INPUT)]
    said = [_message(one) for one in _listed(attributes[OUTPUT], OUTPUT)][:1]
    system = _text(_listed(attributes.get(SYSTEM, []), SYSTEM))
    return [*([{"role": "system", "content": system}] if system else []), *asked, *said]


def _older(events: list[tuple[Any, dict[str, Any]]]) -> list[Any]:
    roles = {f"gen_ai.{role}.message": role for role in ("system", "user", "assistant")}
    found = [
        {"role": roles[name], "content": more.get("content", "")}
        for name, more in events
        if isinstance(name, str) and name in roles
    ]
    for name, more in events:
        if name == "gen_ai.choice":
            message = _parsed(more.get("message", more), "gen_ai.choice")
            content = message.get("content") if isinstance(message, dict) else message
            return [*found, {"role": "assistant", "content": content or ""}] if found else []
    return []


def _message(value: Any) -> dict[str, Any]:
    """``{"role", "parts"}`` as OpenAI writes it."""
    one = given(value, dict, "message")
    parts = given(one.get("parts", []), list, "message.parts")
    role = one.get("role")
    answers = [p for p in parts if isinstance(p, dict) and p.get("type") == "tool_call_response"]
    if answers:
        said = answers[0].get("response", answers[0].get("result", ""))
        return {"role": "tool", "tool_call_id": str(answers[0].get("id", "")), "content": str(said)}
    calls = [_call(p) for p in parts if isinstance(p, dict) and p.get("type") == "tool_call"]
    text = _text(parts)
    return {"role": role, "content": text} | ({"tool_calls": calls} if calls else {})


def _call(part: dict[str, Any]) -> dict[str, Any]:
    from app.examples.rules import canonical

    arguments = part.get("arguments", {})
    written = arguments if isinstance(arguments, str) else canonical(arguments).decode()
    function = {"name": str(part.get("name", "")), "arguments": written}
    return {"id": str(part.get("id", "")), "type": "function", "function": function}


def _text(parts: list[Any]) -> str:
    texts = [p["content"] for p in parts if isinstance(p, dict) and isinstance(p.get("content"), str)]
    return "\n".join(texts)


def _listed(value: Any, name: str) -> list[Any]:
    return given(_parsed(value, name), list, name)  # type: ignore[no-any-return]


def _parsed(value: Any, name: str) -> Any:
    """Structured attributes may come as JSON text."""
    if not isinstance(value, str) or value[:1] not in ("[", "{"):
        return value
    try:
        return parse_json(value)
    except Refused as error:
        raise Unreadable(f"{name}: {error}") from error


def _attributes(value: Any) -> dict[str, Any]:
    found = {}
    for pair in given(value if value is not None else [], list, "attributes"):
        if isinstance(pair, dict) and isinstance(pair.get("key"), str):
            found[pair["key"]] = _value(pair.get("value"), MOST_DEPTH)
    return found


def _value(value: Any, depth: int) -> Any:
    """OTLP's AnyValue: ``{"stringValue": …}`` and its like."""
    if depth == 0:
        raise Unreadable("attributes: stand too deep in one another")
    if not isinstance(value, dict):
        return None
    if "arrayValue" in value:
        return [_value(one, depth - 1) for one in _inner(value["arrayValue"])]
    if "kvlistValue" in value:
        pairs = [
            one for one in _inner(value["kvlistValue"]) if isinstance(one, dict) and isinstance(one.get("key"), str)
        ]
        return {one["key"]: _value(one.get("value"), depth - 1) for one in pairs}
    return next((one for name, one in value.items() if name.endswith("Value")), None)


def _inner(value: Any) -> list[Any]:
    return given(given(value, dict, "attributes").get("values", []), list, "attributes")  # type: ignore[no-any-return]


def _seconds(value: Any) -> float | None:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) / 1e9 if text.isascii() and text.isdigit() and len(text) < 22 else None
