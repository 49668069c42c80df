"""Completions as producers send them."""

from typing import Any


def pair(name: str, asked: str = "Where is my order?", said: str = "On its way.", **response: Any) -> dict[str, Any]:
    return {
        "id": name,
        "request": {"model": "small", "messages": [{"role": "user", "content": asked}]},
        "response": {"choices": [{"message": {"role": "assistant", "content": said}}]} | response,
    }


def attribute(key: str, value: Any) -> dict[str, Any]:
    return {"key": key, "value": value if isinstance(value, dict) else {"stringValue": value}}


def frame(*spans: Any) -> dict[str, Any]:
    return {"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}


def span(*attributes: dict[str, Any], name: str = "5b8efff798038103", **fields: Any) -> dict[str, Any]:
    listed = [attribute("gen_ai.operation.name", "chat"), *attributes]
    return {"spanId": name, "startTimeUnixNano": "1767225600000000000", "attributes": listed} | fields
