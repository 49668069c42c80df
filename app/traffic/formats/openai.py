"""OpenAI chat pairs: ``{"request": {…}, "response": {…}}``, lines of its batches, or stored completions."""

from typing import Any

from app.traffic.formats.completion import Completion, Unreadable, given, id_of


def read(row: Any) -> Completion:
    """One pair. Raises Unreadable."""
    row = given(row, dict, "the row")
    request, response = _body(row.get("request")), _body(row.get("response"))
    request = given(request, dict, "request") if request is not None else row
    response = given(response, dict, "response") if response is not None else row
    messages = given(request.get("messages"), list, "request.messages")
    name = id_of(row.get("id"), row.get("custom_id"), response.get("id"))
    return Completion(name, _seconds(response.get("created", row.get("created"))), [*messages, _answer(response)])


def _body(value: Any) -> Any:
    """Batches wrap both in a ``body``."""
    return value["body"] if isinstance(value, dict) and isinstance(value.get("body"), dict) else value


def _answer(response: dict[str, Any]) -> dict[str, Any]:
    choices = response.get("choices")
    if not isinstance(choices, list) or not choices:
        raise Unreadable("response.choices: holds no answer")
    message = given(given(choices[0], dict, "response.choices.0").get("message"), dict, "response.choices.0.message")
    kept = {key: message[key] for key in ("content", "refusal", "tool_calls") if message.get(key) is not None}
    if "content" not in kept and isinstance(kept.get("refusal"), str):
        kept["content"] = kept["refusal"]
    kept.pop("refusal", None)
    return {"role": "assistant"} | kept


def _seconds(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
