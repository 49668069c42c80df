"""No text makes a detector raise, or keep a worker busy: neither alone nor where texts are compared."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from app.checks.detectors.base import Detector, Setting, Subject
from app.checks.detectors.registry import ALWAYS
from app.checks.detectors.typical import summary
from app.datasets.near.rules import prompt_of, similarities
from app.datasets.near.signatures import bands_of
from app.examples import chat, rules
from tests.checks.detectors.hostile_texts import hostile_texts

SECONDS = 4.0  # of processor time for one text: what is quadratic takes far more at this length
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
SETTING = Setting("structured_output", output_schema=SCHEMA)
TEXTS = dict(hostile_texts())


def subject(text: str) -> Subject:
    """The text in every place that a detector reads."""
    call = {"id": "c", "type": "function", "function": {"name": text[:200], "arguments": text}}
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": text},
        {"role": "user", "content": [{"type": "text", "text": text}]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": text},
        {"role": "assistant", "content": text, "refusal": text},
    ]
    tool = {"type": "function", "function": {"name": text[:200], "parameters": {"type": "object"}}}
    against = [{"role": "assistant", "content": text}]
    return Subject(
        messages, [tool], {"text": text, "json": {"a": [text]}}, "answer", [text[:50]], 4, against, {"a": text}
    )


def within_time(work: Callable[[], object], what: str) -> None:
    begun = time.thread_time()
    work()
    assert time.thread_time() - begun < SECONDS, what


@pytest.mark.parametrize("detector", ALWAYS, ids=lambda detector: detector.name)
def test_no_detector_raises_takes_long_or_points_outside(detector: Detector) -> None:
    for name, text in TEXTS.items():
        within_time(lambda text=text, name=name: look(detector, text, name), name)  # type: ignore[misc]


def look(detector: Detector, text: str, name: str) -> None:
    given = subject(text)
    for found in detector.look(given, SETTING):
        assert found.kind in detector.kinds, name
        if found.start is not None and found.stop is not None and found.message_index is not None:
            said = rules.text_of(given.messages[found.message_index].get("content"))
            assert 0 <= found.start <= found.stop <= len(said), name


def test_nothing_that_compares_texts_raises_or_takes_long() -> None:
    storable = {name: text for name, text in TEXTS.items() if not chat.unstorable(text)}  # an import refuses the others
    for name, text in storable.items():
        within_time(lambda text=text: compare(subject(text), subject(f"{text} more")), name)  # type: ignore[misc]


def compare(one: Subject, other: Subject) -> None:
    summary(one)
    prompts = [prompt_of(given.messages[:-1]) for given in (one, other)]
    bands_of(prompts, ["fp:0", "fp:1"])
    similarities(prompts[:1], prompts[1:])
