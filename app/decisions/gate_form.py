"""The form of the gates: one row a metric, values as people say them (points, percent, ms, dollars)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.errors import FieldError, Invalid
from app.decisions.forms import NewGates
from app.decisions.gates import RULES, Gate, Rule
from app.evals.catalogue import METRICS, MetricKind
from app.web.forms import FormState, parse


@dataclass(frozen=True)
class GateRow:
    """``unit``: what the value is in, by rule. ``options``: (rule, words)."""

    metric: str
    label: str
    options: Sequence[tuple[str, str]]
    rule: str
    value: str
    unit: str


def rows(gates: Sequence[Gate]) -> list[GateRow]:
    set_now = {gate.metric: gate for gate in gates}
    return [_row(kind, set_now.get(key)) for key, kind in METRICS.items()]


def rules_for(kind: MetricKind) -> list[str]:
    return ["not_worse", "better", "at_least" if kind.higher_is_better else "at_most"]


def _row(kind: MetricKind, gate: Gate | None) -> GateRow:
    options = [(rule, RULES[rule]) for rule in rules_for(kind)]
    value = "" if gate is None else f"{gate.value * scale(kind, gate.rule):.10g}"
    units = {"share": "points, or % of cases", "ms": "% of the baseline, or ms", "usd": "% of the baseline, or $"}
    return GateRow(kind.key, kind.label, options, gate.rule if gate else "", value, units[kind.unit])


def scale(kind: MetricKind, rule: str) -> float:
    """What a value is multiplied with to be shown: rates and margins in percent, latency and cost bounds as they
    are."""
    return 100.0 if kind.unit == "share" or rule in ("not_worse", "better") else 1.0


def read(values: Mapping[str, Any]) -> NewGates:
    """Invalid names the row that is wrong; nothing typed is lost."""
    gates, errors = [], []
    for key, kind in METRICS.items():
        rule = str(values.get(f"rule.{key}", ""))
        if not rule:
            continue
        try:
            gates.append(_gate(kind, rule, str(values.get(f"value.{key}", "") or "0")))
        except Invalid as error:
            errors += [FieldError(f"value.{key}", str(error))]
    if errors:
        raise Invalid("Please mend the marked fields.", errors)
    rest = {name: values[name] for name in ("volume", "note", "based_on") if values.get(name)}
    return parse(NewGates, {"gates": gates} | rest)


def _gate(kind: MetricKind, rule: str, text: str) -> Gate:
    if rule not in rules_for(kind):
        raise Invalid("Choose one of the rules.")
    try:
        number = float(text.replace("%", "").replace("$", "").replace(",", ".").strip())
    except ValueError:
        raise Invalid("Write a number.") from None
    checked: Rule = rule  # type: ignore[assignment]
    return parse(Gate, {"metric": kind.key, "rule": checked, "value": number / scale(kind, rule)})


def typed(state: FormState, listed: Sequence[GateRow]) -> list[GateRow]:
    """The rows with what was typed, after a refusal."""
    return [
        GateRow(
            row.metric,
            row.label,
            row.options,
            str(state.value(f"rule.{row.metric}", row.rule)),
            str(state.value(f"value.{row.metric}", row.value)),
            row.unit,
        )
        for row in listed
    ]
