"""The JSON Schemas of a case's tools, and what they say against the arguments of a call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

import orjson

from app.core.schema_checks import problem_of_schema, safe_validator
from app.evals.graders.base import NotGradable

SHOWN = 5
# with one of these the schema itself says which further arguments there may be
OPEN = {"additionalProperties", "patternProperties", "unevaluatedProperties", "$ref", "allOf", "anyOf", "oneOf"}


@dataclass(frozen=True)
class ToolSchema:
    """``closed``: the schema does not speak of further arguments, so that there are none."""

    validator: Any
    known: frozenset[str]
    closed: bool

    def problems(self, arguments: Mapping[str, Any]) -> list[str]:
        extra = [name for name in arguments if self.closed and name not in self.known]
        found = [f"the tool has no argument {name}" for name in extra[:SHOWN]]
        try:
            errors = list(islice(self.validator.iter_errors(arguments), SHOWN))
        except RecursionError:
            raise NotGradable("a tool's schema refers to itself without end") from None
        return found + [f"{error.json_path.replace('$', 'arguments', 1)}: {error.message}" for error in errors]


def schemas_of(tools: Any) -> dict[str, ToolSchema]:
    """By the tool's name. Raises ``NotGradable`` for a schema that cannot be used: the case is wrong."""
    found = {}
    for tool in tools if isinstance(tools, Sequence) else ():
        function = tool.get("function") if isinstance(tool, Mapping) else None
        if isinstance(function, Mapping) and isinstance(function.get("name"), str):
            parameters = function.get("parameters") or {"type": "object"}
            found[function["name"]] = _schema(function["name"], orjson.dumps(parameters))
    return found


@lru_cache(maxsize=512)
def _schema(name: str, raw: bytes) -> ToolSchema:
    """Made once per schema: making a validator takes a hundred times as long as using it."""
    schema = orjson.loads(raw)
    problem = "it is no object" if not isinstance(schema, dict) else problem_of_schema(schema)
    if problem:
        raise NotGradable(f"the schema of the tool {name} cannot be used: {problem}")
    known = schema.get("properties") or {}
    return ToolSchema(safe_validator(schema), frozenset(known), not OPEN & schema.keys())
