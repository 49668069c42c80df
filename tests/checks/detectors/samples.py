"""Making what a detector is given."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.checks.detectors.base import Detector, Setting, Subject
from app.examples.rules import answer_index


def chat(*turns: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"role": role, "content": content} for role, content in turns]


def subject(messages: Sequence[Mapping[str, Any]], **more: Any) -> Subject:
    fields = {"tools": None, "expected": None, "behavior": None, "tags": (), "target": answer_index(messages)}
    return Subject(messages=messages, **(fields | more))


def answered(answer: str, question: str = "How does it work?", **more: Any) -> Subject:
    return subject(chat(("user", question), ("assistant", answer)), **more)


def codes(detector: Detector, of: Subject, **setting: Any) -> list[str]:
    return [found.code for found in detector.look(of, Setting(**({"goal": "complex_domain"} | setting)))]


def spans(detector: Detector, of: Subject) -> list[tuple[str, str]]:
    """(code, text of the span) in the target answer."""
    text = str(of.messages[of.target or 0]["content"])
    return [(one.code, text[one.start : one.stop]) for one in detector.look(of, Setting(goal="complex_domain"))]
