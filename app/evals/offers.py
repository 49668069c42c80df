"""Which graders a new run begins with: what the cases can be checked for. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

EXACT = "{{item.expected.label}}"


@dataclass(frozen=True)
class CaseTraits:
    """What the cases of a set carry: how many have each kind of expectation."""

    size: int
    with_label: int
    with_json: int
    with_behavior: int
    with_text: int


def label_field(schema: dict[str, Any] | None, labels: Sequence[str]) -> str | None:
    """The field of a JSON answer that holds the label: the enum that equals the labels, else one called so."""
    properties = (schema or {}).get("properties") or {}
    for name, field in properties.items():
        if isinstance(field, dict) and labels and set(field.get("enum") or ()) == set(labels):
            return str(name)
    return next((name for name in ("label", "route", "intent", "category", "class") if name in properties), None)


def behavior_field(schema: dict[str, Any] | None) -> str | None:
    """The field of a JSON answer whose values are behaviours."""
    for name, field in ((schema or {}).get("properties") or {}).items():
        if isinstance(field, dict) and {"answer", "refuse"} <= set(field.get("enum") or ()):
            return str(name)
    return None


def graders(traits: CaseTraits, schema: dict[str, Any] | None, labels: Sequence[str]) -> list[dict[str, Any]]:
    """Grader objects that fit, best first. Always at least one."""
    offered: list[dict[str, Any]] = []
    field = label_field(schema, labels)
    if traits.with_label:
        looked_at = f"{{{{sample.output_json.{field}}}}}" if schema and field else "{{sample.output_text}}"
        check = {"type": "string_check", "name": "label", "operation": "eq", "input": looked_at, "reference": EXACT}
        offered.append(check)
    if schema:
        offered.append({"type": "json_schema", "name": "format", "schema": schema})
    if traits.with_behavior:
        behavior = {"type": "behavior", "name": "behavior"}
        field = behavior_field(schema)
        offered.append(behavior | ({"field": field} if field else {}))
    if not offered or (not traits.with_label and traits.with_text and not schema):
        alike = {"type": "text_similarity", "name": "like the expected answer", "evaluation_metric": "fuzzy_match"}
        alike |= {"input": "{{sample.output_text}}", "reference": "{{item.expected.text}}"}
        offered.insert(0, {**alike, "pass_threshold": 0.8})
    return offered
