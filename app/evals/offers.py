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
    with_instructions: int = 0
    with_calls: int = 0


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
    if traits.with_instructions:
        offered.append({"type": "instructions", "name": "instructions"})
    if offered and traits.with_instructions == traits.size:
        return offered  # on a general set a case passes when all graders pass: nothing else was asked of these
    field = label_field(schema, labels)
    if traits.with_label:
        looked_at = f"{{{{sample.output_json.{field}}}}}" if schema and field else "{{sample.output_text}}"
        check = {"type": "string_check", "name": "label", "operation": "eq", "input": looked_at, "reference": EXACT}
        offered.append(check)
    if schema:
        offered.append({"type": "json_schema", "name": "format", "schema": schema})
    if traits.with_calls:
        offered.append({"type": "tool_call", "name": "tool calls"})
    if traits.with_behavior:
        behavior = {"type": "behavior", "name": "behavior"}
        field = behavior_field(schema)
        offered.append(behavior | ({"field": field} if field else {}))
    if not offered or (not traits.with_label and traits.with_text and not schema):
        alike = {"type": "text_similarity", "name": "like the expected answer", "evaluation_metric": "fuzzy_match"}
        alike |= {"input": "{{sample.output_text}}", "reference": "{{item.expected.text}}"}
        offered.insert(0, {**alike, "pass_threshold": 0.8})
    return offered


READABLE = {
    "{{sample.output_text}}": "the output",
    "{{item.expected.label}}": "the expected label",
    "{{item.expected.text}}": "the expected text",
}
OPERATIONS = {"eq": "equals", "ne": "differs from", "like": "contains", "ilike": "contains, in any case,"}


def described(definition: dict[str, Any]) -> str:
    """What a grader looks for, in a few words for the form."""
    kind = definition.get("type")
    if kind == "string_check":
        operation = OPERATIONS.get(str(definition.get("operation")), "is compared with")
        return f"{_readable(definition.get('input'))} {operation} {_readable(definition.get('reference'))}"
    if kind == "json_schema":
        return "the output is JSON that fits the schema"
    if kind == "behavior":
        seen = f"field “{definition['field']}” of the output" if definition.get("field") else "the output"
        return f"{seen} answers, refuses, asks back or escalates as expected"
    if kind == "instructions":
        whose = "given here" if definition.get("instruction_id_list") else "of its case"
        loosely = " (loose form)" if definition.get("form") == "loose" else ""
        return f"the output follows all verifiable instructions {whose}{loosely}"
    if kind == "tool_call":
        return "the expected tools are called, with the expected arguments"
    if kind == "groundedness":
        return "every claim of the output stands on the input, the context or the reference"
    if kind == "multi":
        return f"{definition.get('calculate_output')}, over {', '.join(definition.get('graders') or ())}"
    if kind == "text_similarity":
        close = f"{_readable(definition.get('input'))} is close to {_readable(definition.get('reference'))}"
        return f"{close} ({definition.get('evaluation_metric')})"
    return str(kind).replace("_", " ")


def _readable(template: Any) -> str:
    text = str(template or "the output")
    if text.startswith("{{sample.output_json.") and text.endswith("}}"):
        return f"field “{text[21:-2]}” of the output"
    return READABLE.get(text, text)
