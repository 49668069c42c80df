"""The target answer: there at all, whole, and as the project's schema and labels say. Pure."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from app.checks.detectors.base import Setting, Subject
from app.checks.detectors.formats.problem import Problem
from app.checks.detectors.formats.style import NAMES, style_of
from app.core.schema_checks import problem_of_schema, safe_validator
from app.core.strict_json import StrictJsonError, parse
from app.examples.rules import canonical, text_of

SHOWN = 3  # violations of the schema in one answer
_FENCED = re.compile(r"\s*```(?:json|JSON)?[ \t]*\n([\s\S]*?)\n?```\s*\Z")
_HANGING = re.compile(
    r"(?:,|:|\(|\b(?:and|or|but|because|the|an?|of|to|with|for|in|on|at|by|from|is|are|if|that|which|your|our"
    r"|und|oder|der|die|das|mit|et|ou|le|la|les|de|y|el|los|con))\s*\Z",
    re.I,
)


def look_at_answer(subject: Subject, setting: Setting) -> Iterator[Problem]:
    """The target answer against what is expected of it. One without text that calls tools is judged elsewhere."""
    index = subject.target
    if index is None:
        return
    message = subject.messages[index]
    text = text_of(message.get("content"))
    if not text.strip():
        if not (message.get("tool_calls") or message.get("refusal")):
            yield Problem("empty", "The answer is empty.", index)
        return
    style = style_of(text)
    cut = _cut_off(text, style, subject)
    if cut:
        yield Problem("truncated", cut, index, (max(len(text) - 40, 0), len(text)))
    elif setting.output_schema is not None and not message.get("tool_calls"):
        yield from against_schema(text, index, setting.output_schema)
    yield from _mixed(style, index, setting)
    yield from _label(subject, setting)


def against_schema(text: str, index: int, schema: Mapping[str, Any]) -> Iterator[Problem]:
    """What the strict parser and the schema say; nothing where the schema itself cannot be used."""
    validator = validator_of(canonical(schema))
    if isinstance(validator, str):
        return
    try:
        value = parse(text)
    except StrictJsonError as error:
        fenced = _FENCED.match(text)
        if fenced and style_of(fenced[1]) == "json":
            words = "The JSON stands in a code fence, which a parser in production does not take off."
            yield Problem("fenced_json", words, index, (0, len(text)))
        else:
            yield Problem("not_json", f"The project's schema expects JSON, and this is not: {error}.", index)
        return
    try:
        errors = list(islice(validator.iter_errors(value), SHOWN))
    except RecursionError:
        return
    yield from (_violation(one, index) for one in errors)


@lru_cache(maxsize=1_024)
def validator_of(schema: bytes) -> Any:
    """One per schema: making one takes a hundred times as long as using it. Text where it cannot be used: why."""
    import orjson

    loaded = orjson.loads(schema)
    if not isinstance(loaded, dict):
        return "not an object"
    return problem_of_schema(loaded) or safe_validator(loaded)


def _violation(error: Any, index: int) -> Problem:
    code = {"required": "missing_key", "type": "wrong_type", "enum": "unknown_value"}.get(error.validator, "schema")
    message = "".join(char if char.isprintable() else " " for char in str(error.message))
    short = message if len(message) <= 160 else f"{message[:90]} … {message[-50:]}"
    path = "" if error.json_path == "$" else f" at {error.json_path[2:]}"
    return Problem(
        code, f"The answer breaks the project's schema{path}: {short}.", index, key=f"{error.json_path}:{message[:80]}"
    )


def _cut_off(text: str, style: str, subject: Subject) -> str | None:
    """Why the answer seems to end too early, or None."""
    reason = subject.metadata.get("finish_reason")
    if reason in ("length", "max_tokens"):
        return "The answer was cut off by the token limit (finish_reason says so)."
    stripped = text.rstrip()
    if stripped.count("```") % 2:
        return "A code fence is opened and never closed."
    if style == "json" and stripped[-1] not in "]}":
        return "The JSON ends in the middle."
    if len(stripped) >= 40 and style != "json" and _HANGING.search(stripped[-40:]):
        return "The answer ends in the middle of a sentence."
    return None


def _mixed(own: str, index: int, setting: Setting) -> Iterator[Problem]:
    usual = setting.typical.get("style")
    if usual and own != usual and setting.output_schema is None:
        share = f"{setting.typical['style_share']:.0%}"
        yield Problem(
            "mixed_style", f"The answer is {NAMES[own]}, where {share} of the answers are {NAMES[usual]}.", index
        )


def _label(subject: Subject, setting: Setting) -> Iterator[Problem]:
    """A label that the project does not have; in a classification project also an answer that is none of them."""
    labels = {str(label) for label in setting.labels}
    given = (subject.expected or {}).get("label")
    if not labels:
        return
    if given is not None and given not in labels:
        yield Problem("unknown_label", f"“{str(given)[:60]}” is not one of the project's labels.", key=str(given)[:80])
    elif given is None and setting.goal == "classification" and setting.output_schema is None:
        text = text_of(subject.messages[subject.target or 0].get("content")).strip()
        if text not in labels and len(text) <= 80:
            yield Problem(
                "unknown_label", f"The answer “{text[:60]}” is not one of the project's labels.", subject.target
            )
