"""Schemas come from users and values from models: neither may fetch, hang or break the process."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.core.patterns import compiled

MAX_NODES = 5_000
REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")


def problem_of_schema(schema: dict[str, Any]) -> str | None:
    """Why the schema cannot be used, or ``None``."""
    import jsonschema
    from jsonschema.validators import validator_for

    seen = set()
    try:
        for count, (keyword, value) in enumerate(_keywords(schema)):
            if count > MAX_NODES:
                return f"the schema has more than {MAX_NODES:,} parts"
            seen.add(keyword)
            problem = _problem_of_keyword(keyword, value)
            if problem:
                return problem
        if {"unevaluatedProperties", "patternProperties"} <= seen:
            # the library would search these patterns by Python's re, which can take for ever
            return "unevaluatedProperties beside patternProperties is not supported; use additionalProperties"
        validator_for(schema, default=jsonschema.Draft202012Validator).check_schema(schema)
    except jsonschema.SchemaError as error:
        return f"not a JSON Schema: {error.json_path}: {error.message[:200]}"
    except RecursionError:
        return "the schema is nested too deeply"
    return None


def _keywords(node: Any) -> Iterator[tuple[str, Any]]:
    """Every key and value anywhere in the schema. Keys of ``properties`` come too: checking them is harmless."""
    if isinstance(node, Mapping):
        for keyword, value in node.items():
            yield str(keyword), value
            yield from _keywords(value)
    elif isinstance(node, list):
        for value in node:
            yield from _keywords(value)


def _problem_of_keyword(keyword: str, value: Any) -> str | None:
    if keyword in REFERENCES and isinstance(value, str) and not value.startswith("#"):
        return f"{keyword} {value[:80]!r} leads out of the schema; only references that begin with # are followed"
    patterns = [value] if keyword == "pattern" else list(value) if keyword == "patternProperties" else []
    for pattern in patterns:
        if isinstance(pattern, str):
            try:
                compiled(pattern, False)
            except ValueError as error:
                return f"{keyword} {pattern[:80]!r}: {error}"
    return None


def safe_validator(schema: dict[str, Any]) -> Any:
    """A validator that fetches nothing and searches patterns by RE2 instead of Python's ``re``."""
    import jsonschema
    from jsonschema.validators import extend, validator_for
    from referencing import Registry

    make: Any = extend
    base = validator_for(schema, default=jsonschema.Draft202012Validator)
    checks = {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
    }
    return make(base, checks)(schema, registry=Registry())


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    if isinstance(instance, str) and not compiled(pattern, False).search(instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _pattern_properties(validator: Any, patterns: Any, instance: Any, _: Any) -> Iterator[Any]:
    if isinstance(instance, dict):
        for pattern, subschema in patterns.items():
            search = compiled(pattern, False).search
            for key, value in instance.items():
                if search(key):
                    yield from validator.descend(value, subschema, path=key, schema_path=pattern)


def _additional_properties(validator: Any, allowed: Any, instance: Any, schema: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    if not isinstance(instance, dict):
        return
    known = schema.get("properties", {})
    searches = [compiled(pattern, False).search for pattern in schema.get("patternProperties", {})]
    extras = [key for key in instance if key not in known and not any(search(key) for search in searches)]
    if isinstance(allowed, dict):
        for key in extras:
            yield from validator.descend(instance[key], allowed, path=key)
    elif allowed is False and extras:
        named = ", ".join(repr(key) for key in extras[:5])
        yield ValidationError(f"additional properties are not allowed: {named}")
