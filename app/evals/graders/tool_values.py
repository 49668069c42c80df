"""Calls as they are given and expected, and what differs between two."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from app.core.strict_json import StrictJsonError, parse
from app.evals.graders.base import NotGradable, quoted
from app.evals.graders.tool_schemas import ToolSchema

# what the Berkeley leaderboard puts aside in strings
ASIDE = str.maketrans(dict.fromkeys(" ,./-_*^", ""))


@dataclass(frozen=True, slots=True)
class Given:
    """One call of an output. ``arguments`` is ``None`` where they are no JSON object; ``problem`` says why."""

    name: str
    arguments: Mapping[str, Any] | None
    problem: str = ""

    @classmethod
    def read(cls, call: Any) -> "Given":
        function = call.get("function") if isinstance(call, Mapping) else None
        if not isinstance(function, Mapping):
            return cls("a call", None, "has no function")
        name = str(function.get("name") or "a call without a name")[:200]
        try:
            return cls(name, _arguments(function.get("arguments")))
        except (StrictJsonError, TypeError) as error:
            return cls(name, None, f"the arguments are not a JSON object: {error}")


@dataclass(frozen=True, slots=True)
class Expected:
    """One expected call: by argument the values that are right, and the arguments that may be left out."""

    name: str
    values: Mapping[str, Sequence[Any]]
    optional: frozenset[str]

    @classmethod
    def read(cls, call: Any) -> "Expected":
        """Raises ``NotGradable`` for what is no call: then the case is wrong, not the output."""
        function = call.get("function") if isinstance(call, Mapping) else None
        if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
            raise NotGradable('an expected call is {"function": {"name": …, "arguments": …}}')
        try:
            own = _arguments(function.get("arguments"))
        except (StrictJsonError, TypeError) as error:
            raise NotGradable(f"the expected arguments of {function['name']} are not a JSON object: {error}") from None
        allowed, optional = call.get("allowed") or {}, call.get("optional") or []
        if not isinstance(allowed, Mapping) or not all(isinstance(values, list) for values in allowed.values()):
            raise NotGradable(f"allowed of {function['name']} must give a list of values for each argument")
        if not isinstance(optional, list):
            raise NotGradable(f"optional of {function['name']} must be a list of argument names")
        names = dict.fromkeys([*own, *allowed])
        values = {name: [*([own[name]] if name in own else []), *allowed.get(name, [])] for name in names}
        values = {name: found for name, found in values.items() if found}
        return cls(function["name"], values, frozenset(str(name) for name in optional))

    @property
    def fullest(self) -> dict[str, Any]:
        """The expected call with every argument, each in its first value."""
        return {name: values[0] for name, values in self.values.items()}

    @property
    def barest(self) -> dict[str, Any]:
        """The same without what may be left out."""
        return {name: value for name, value in self.fullest.items() if name not in self.optional}


def unusable(call: Given, schemas: Mapping[str, ToolSchema]) -> list[str]:
    """What the case's tools say against a call; nothing where the case names no tools."""
    if call.arguments is None:
        return [call.problem]
    if not schemas:
        return []
    schema = schemas.get(call.name)
    return ["the case has no such tool"] if schema is None else schema.problems(call.arguments)


def differences(wanted: Expected, given: Given, loose: bool) -> list[str]:
    """In words, what in the call is not as expected."""
    if wanted.name != given.name:
        return [f"called instead of {wanted.name}"]
    arguments = given.arguments or {}
    found = []
    for name, values in wanted.values.items():
        if name not in arguments:
            if name not in wanted.optional:
                found.append(f"the argument {name} is missing")
        elif not any(same(arguments[name], value, loose) for value in values):
            right = " or ".join(_shown(value) for value in values[:3])
            found.append(f"{name} is {_shown(arguments[name])}, expected {right}")
    extra = [name for name in arguments if name not in wanted.values and name not in wanted.optional]
    return found + [f"the argument {name} is not expected" for name in extra]


def same(one: Any, other: Any, loose: bool) -> bool:
    """Equal JSON values of the same JSON type: 5 is 5.0, but neither "5" nor true is 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other
    if isinstance(one, str) and isinstance(other, str):
        return one == other or (loose and _loose(one) == _loose(other))
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(a, b, loose) for a, b in zip(one, other, strict=True))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key], loose) for key in one)
    return one is None and other is None


def _arguments(value: Any) -> Mapping[str, Any]:
    """Arguments come as JSON text, or as an object from systems that parse it; none at all is an empty object."""
    read = parse(value) if isinstance(value, str) and value.strip() else value or {}
    if not isinstance(read, Mapping):
        raise TypeError(f"they are {_shown(read)}")
    return read


def _loose(text: str) -> str:
    return text.translate(ASIDE).casefold().replace("'", '"')


def _shown(value: Any) -> str:
    return quoted(value) if isinstance(value, str) else orjson.dumps(value).decode()[:120]
