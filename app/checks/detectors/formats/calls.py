"""Tool calls against the tools on offer. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from app.checks.detectors.base import Subject
from app.checks.detectors.formats.answers import validator_of
from app.checks.detectors.formats.problem import Problem
from app.core.strict_json import StrictJsonError, parse
from app.examples.rules import canonical


def look_at_calls(subject: Subject) -> Iterator[Problem]:
    """Calls in messages and in what is expected. Without tools on offer, no call can be right."""
    offered = {tool["function"]["name"]: tool["function"] for tool in subject.tools or ()}
    for index, message in enumerate(subject.messages):
        yield from _calls(message.get("tool_calls") or (), offered, index)
    yield from _calls((subject.expected or {}).get("tool_calls") or (), offered, None)


def _calls(calls: Sequence[Mapping[str, Any]], offered: Mapping[str, Any], index: int | None) -> Iterator[Problem]:
    for number, call in enumerate(calls):
        name, key = call["function"]["name"], str(number)
        if name not in offered:
            known = f"those on offer are: {', '.join(list(offered)[:5])}" if offered else "the example has no tools"
            yield Problem("unknown_tool", f"The tool “{name[:60]}” is called; {known}.", index, key=key)
            continue
        try:
            arguments = parse(call["function"].get("arguments") or "{}")
        except StrictJsonError as error:
            yield Problem("arguments_not_json", f"The arguments of {name[:60]} are not JSON: {error}.", index, key=key)
            continue
        yield from _against(arguments, offered[name].get("parameters"), name, index, key)


def _against(arguments: Any, parameters: Any, name: str, index: int | None, key: str) -> Iterator[Problem]:
    if not isinstance(arguments, dict):
        yield Problem("arguments_schema", f"The arguments of {name[:60]} must be a JSON object.", index, key=key)
        return
    if not isinstance(parameters, dict):
        return
    validator = validator_of(canonical(parameters))
    if isinstance(validator, str):
        yield Problem(
            "tool_schema", f"The schema of the tool {name[:60]} cannot be used: {validator}.", index, key=name[:80]
        )
        return
    try:
        errors = list(islice(validator.iter_errors(arguments), 1))
    except RecursionError:
        return
    for error in errors:
        message = "".join(char if char.isprintable() else " " for char in str(error.message))[:160]
        yield Problem("arguments_schema", f"The arguments of {name[:60]} break its schema: {message}.", index, key=key)
