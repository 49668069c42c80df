"""Is the output one JSON value that satisfies a schema?"""

from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import Any, Literal

from pydantic import Field, field_validator

from app.core.schema_checks import problem_of_schema, safe_validator
from app.core.strict_json import StrictJsonError, parse
from app.evals.graders.base import OUTPUT_TEXT, Definition, NotGradable, OutputError, Scored
from app.evals.graders.templates import Scope

SHOWN = 5


class JsonSchema(Definition):
    """1 where ``input`` parses strictly (see ``strict_json``) and satisfies ``schema`` (JSON Schema, draft 2020-12
    unless ``$schema`` names another), else 0. Formats ("date", "email") are annotations, as the standard has it.
    References may only point into the schema itself; patterns are searched by RE2."""

    default_metric = "format_validity"
    type: Literal["json_schema"]
    input: str = OUTPUT_TEXT
    json_schema: dict[str, Any] = Field(alias="schema")

    @field_validator("json_schema")
    @classmethod
    def _usable(cls, value: dict[str, Any]) -> dict[str, Any]:
        problem = problem_of_schema(value)
        if problem:
            raise ValueError(problem)
        return value

    @property
    def templates(self) -> tuple[str, ...]:
        return (self.input,)

    def score(self, scope: Scope) -> Scored:
        try:
            value = scope.output_json() if self.input == OUTPUT_TEXT else parse(scope.fill(self.input))
        except (StrictJsonError, OutputError) as error:
            return Scored(0.0, str(error) if isinstance(error, OutputError) else f"not valid JSON: {error}")
        try:
            errors = list(islice(self._errors(value), SHOWN))
        except RecursionError:
            raise NotGradable("the schema refers to itself without end") from None
        if not errors:
            return Scored(1.0, "valid JSON that satisfies the schema")
        return Scored(0.0, f"{errors[0]['path']}: {errors[0]['message']}", {"errors": errors})

    @cached_property
    def _validator(self) -> Any:
        """Made once per grader: making one takes a hundred times as long as using it."""
        return safe_validator(self.json_schema)

    def _errors(self, value: Any) -> Iterator[dict[str, str]]:
        for error in self._validator.iter_errors(value):
            yield {"path": printable(str(error.json_path)), "message": printable(error.message)}


def printable(message: str) -> str:
    """The validator's message without control characters; of a long one the two ends, where it says what is wrong."""
    clean = "".join(char if char.isprintable() else " " for char in message)
    return clean if len(clean) <= 200 else f"{clean[:120]} … {clean[-60:]}"
