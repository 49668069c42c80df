"""Instruction following as the IFEval paper reports it: by prompt and by instruction, strict and loose. Pure.

*By prompt*: the share of cases of which every instruction is followed. *By instruction*: the share of all instructions
that are. Of several repeats a case, or an instruction, has the share in which it was followed. An output that is
truncated, failed or missing follows none. Source: Zhou et al. (2023), arXiv:2311.07911, section 2.2.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Any

from app.core.stats.rates import rate
from app.evals.graders import GraderSpec
from app.evals.graders.base import NotGradable
from app.evals.graders.instructions import Instructions
from app.evals.rules import ScoredOutput

METRIC = "general_instruction_following"
FORMS = {"strict": "followed", "loose": "loose"}
UNITS = ("prompt", "instruction")
Shares = Mapping[str, Sequence[float]]  # by case: of each of its instructions, in how many repeats it was followed


@dataclass(frozen=True, slots=True)
class Followed:
    """``each``: by form, case and instruction; ``whole``: by form and case, the share of repeats that followed all."""

    each: Mapping[str, Shares]
    whole: Mapping[str, Mapping[str, float]]


def asked(spec: GraderSpec, items: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """By case the kinds that a grader of instructions looks for; cases that it cannot grade are left out."""
    found: dict[str, list[str]] = {}
    if isinstance(spec.definition, Instructions):
        for case_id, item in items.items():
            try:
                found[case_id] = [one.id for one in spec.definition.asked(item)]
            except NotGradable:
                continue
    return found


def followed(kinds: Mapping[str, Sequence[str]], grader: str, outputs: Sequence[ScoredOutput]) -> Followed:
    """What the grades of one grader say; ``kinds`` as ``asked`` answers them."""
    rows: dict[str, list[Sequence[Mapping[str, Any]]]] = {case: [] for case in kinds}
    for output in outputs:
        if output.case_id in rows:
            given = next((one.detail for one in output.grades if one.grader == grader), {})
            rows[output.case_id].append(given.get("instructions") or [{}] * len(kinds[output.case_id]))
    each: dict[str, dict[str, list[float]]] = {form: {} for form in FORMS}
    whole: dict[str, dict[str, float]] = {form: {} for form in FORMS}
    for form, name in FORMS.items():
        for case, repeats in rows.items():
            if repeats:
                verdicts = [[bool(row.get(name)) for row in repeat] for repeat in repeats]
                each[form][case] = [_share(column) for column in zip(*verdicts, strict=True)]
                whole[form][case] = _share([all(row) for row in verdicts])
    return Followed(each, whole)


def _share(values: Sequence[bool]) -> float:
    return sum(values) / len(values)


def levels(found: Followed, groups: Mapping[str, Hashable]) -> list[dict[str, Any]]:
    """The four figures, the headline first. Intervals are Wilson's, by instruction widened by case and group: what one
    output does with its instructions is not independent."""
    answer = []
    for unit in UNITS:
        for form in FORMS:
            if unit == "prompt":
                values, of = list(found.whole[form].values()), [groups[case] for case in found.whole[form]]
            else:
                cases = found.each[form]
                values = [value for shares in cases.values() for value in shares]
                of = [groups[case] for case, shares in cases.items() for _ in shares]
            given = rate(values, of)
            interval = None if given.low is None else [given.low, given.high]
            answer.append({"unit": unit, "form": form, "value": given.value, "n": given.n, "interval": interval})
    return answer


def by_kind(kinds: Mapping[str, Sequence[str]], found: Followed) -> list[dict[str, Any]]:
    """How often each kind was asked for and followed, the least followed first."""
    tally: dict[str, dict[str, list[float]]] = {}
    for case, ids in kinds.items():
        for form in FORMS:
            for kind, share in zip(ids, found.each[form].get(case, ()), strict=False):
                tally.setdefault(kind, {one: [] for one in FORMS})[form].append(share)
    rows = [
        {"kind": kind, "asked": len(shares["strict"])} | {form: fsum(shares[form]) for form in FORMS}
        for kind, shares in tally.items()
    ]
    return sorted(rows, key=lambda row: (row["strict"] / row["asked"], row["kind"]))


def beside(
    metrics: Sequence[dict[str, Any]],
    specs: Sequence[GraderSpec],
    items: Callable[[], Mapping[str, Mapping[str, Any]]],
    outputs: Sequence[ScoredOutput],
) -> None:
    """Put ``levels`` and ``kinds`` into the metric that the run's first grader of instructions feeds. ``items``: the
    cases as graders take them, by id; asked for only where there is such a grader."""
    spec = next((one for one in specs if isinstance(one.definition, Instructions)), None)
    if spec is None:
        return
    target = next((one for key in (METRIC, spec.metric) for one in metrics if one["key"] == key), None)
    kinds = asked(spec, items())
    if target is None or not kinds:
        return
    groups = {one.case_id: one.group or one.case_id for one in outputs}
    found = followed(kinds, spec.name, outputs)
    target["levels"] = levels(found, groups)
    target["kinds"] = by_kind(kinds, found)
