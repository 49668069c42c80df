"""``{{item.x}}`` and ``{{sample.x}}``: names are looked up, nothing is computed, and what was filled in is never
looked at again, so that an output cannot bring a template of its own."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from app.core.strict_json import StrictJsonError, parse
from app.evals.graders.base import OutputError, Sample, TemplateError, quoted

if TYPE_CHECKING:
    from app.evals.graders.judging.asks import Judgement

PLACE = re.compile(r"\{\{([^{}]{0,300})\}\}")
STEP = re.compile(r"\[(\d{1,6})\]")
NAMESPACES = ("item", "sample")
MISSING = object()


class Scope:
    """One case and one output, as templates see them; ``judgements`` of the output by the key of what was asked."""

    def __init__(
        self, item: Mapping[str, Any], sample: Sample, judgements: "Mapping[str, Sequence[Judgement]] | None" = None
    ) -> None:
        self.item = item
        self.sample = sample
        self.judgements = judgements or {}
        self._json: Any = MISSING

    def fill(self, template: str, around: Callable[[str, str], str] | None = None) -> str:
        """The template with its places filled in. Text as it is; anything else as compact JSON with sorted keys.
        ``around`` is given the namespace and the text of each place, and answers what stands there.

        Raises ``TemplateError`` where the item lacks a name, ``OutputError`` where the output does.
        """

        def filled(place: re.Match[str]) -> str:
            path = place.group(1).strip()
            text = _text(self._value(path))
            return around(split(path)[0], text) if around else text

        return PLACE.sub(filled, template)

    def check_item(self, templates: Sequence[str]) -> None:
        """Raise ``TemplateError`` for a name that the item lacks, without looking at the output."""
        for template in templates:
            for path in paths(template):
                if path.startswith("item"):
                    self._value(path)

    def output_json(self) -> Any:
        """The output parsed strictly, once. Raises ``OutputError`` where it is not JSON."""
        if self._json is MISSING:
            try:
                self._json = parse(self.sample.output_text or "")
            except StrictJsonError as error:
                raise OutputError(f"the output is not valid JSON: {error}") from None
        return self._json

    def _value(self, path: str) -> Any:
        namespace, *steps = split(path)
        if namespace == "item":
            value = walk(self.item, steps)
            if value is MISSING or value is None:
                raise TemplateError(path)
            return value
        value = walk(self._sample(steps[0], path), steps[1:])
        if value is MISSING:
            raise OutputError(f"the output has no {{{{{path}}}}}")
        return value

    def _sample(self, name: str, path: str) -> Any:
        text = self.sample.output_text or ""
        if name == "output_text":
            return text
        if name == "output_json":
            return self.output_json()
        if name == "output_tools":
            return self.sample.tool_calls
        if name == "choices":
            return [{"message": {"role": "assistant", "content": text, "tool_calls": self.sample.tool_calls}}]
        raise TemplateError(path, "sample has output_text, output_json, output_tools and choices")


def paths(template: str) -> list[str]:
    """The names that a template mentions, in order."""
    return [found.strip() for found in PLACE.findall(template)]


def problem_of(template: str) -> str | None:
    """What is wrong with a template, or ``None``: a name outside ``item`` and ``sample``, or one of them alone."""
    for path in paths(template):
        steps = split(path)
        if steps[0] not in NAMESPACES or len(steps) < 2 or not all(steps):
            return f"{quoted('{{' + path + '}}')} must be {{{{item.…}}}} or {{{{sample.…}}}}"
    return None


def split(path: str) -> list[str]:
    """``item.a.b[0]`` and ``item.a.b.0`` → ``["item", "a", "b", "0"]``."""
    return [step.strip() for step in STEP.sub(r".\1", path).split(".")]


def walk(value: Any, steps: Sequence[str]) -> Any:
    """Follow keys and positions through mappings and lists only; ``MISSING`` where one leads nowhere."""
    for step in steps:
        if isinstance(value, Mapping) and step in value:
            value = value[step]
        elif isinstance(value, Sequence) and not isinstance(value, str | bytes) and step.isdecimal():
            value = value[int(step)] if int(step) < len(value) else MISSING
        else:
            return MISSING
    return value


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=list)
