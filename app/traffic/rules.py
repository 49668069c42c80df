"""Which completions are sampled, what is measured of each, and taking people out of it. Pure."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from app.checks.detectors.base import Setting, Subject
from app.checks.detectors.registry import DETECTORS
from app.checks.masking import Span, masked
from app.core.strict_json import StrictJsonError, parse
from app.examples.rules import text_of

MASKING = ("sensitive", "secret", "names")
KEPT = ("role", "type", "id", "tool_call_id")  # no words of a person
NOTHING = Setting("tone_style")


def id_hash(name: str) -> bytes:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()


def is_sampled(project_id: str, hashed: bytes, rate: float) -> bool:
    """By the completion's own id, so that sending it again, or raising the rate, keeps those that were in."""
    digest = hashlib.sha256(project_id.encode() + hashed).digest()
    return int.from_bytes(digest[:8], "big") < rate * 2**64


def format_ok(text: str, labels: Sequence[str], validator: Any | None) -> bool | None:
    """Whether an answer has the project's format (its schema's ``validator``, else one of its labels); None where the
    project says none."""
    if validator is None:
        return text.strip() in labels if labels else None
    try:
        return bool(validator.is_valid(parse(text)))
    except StrictJsonError:
        return False
    except RecursionError:
        return None


def deidentified(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The conversation with masks in place of personal data and secrets, in tool calls too."""
    return [_masked(message) for message in messages]


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return [_masked(one) for one in value]
    if isinstance(value, dict):
        return {key: one if key in KEPT else _masked(one) for key, one in value.items()}
    return value


def _text(text: str) -> str:
    subject = Subject([{"role": "user", "content": text}], None, None, None, (), None)
    found = [
        one
        for detector in DETECTORS
        if detector.name in MASKING
        for one in detector.look(subject, NOTHING)
        if one.message_index == 0 and one.start is not None and one.stop is not None and one.replacement is not None
    ]
    spans = [Span(0, one.start or 0, one.stop or 0, one.replacement or "") for one in found]
    return text_of(masked(subject.messages, spans)[0]["content"]) if spans else text
