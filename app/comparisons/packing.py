"""Worked-out comparisons as JSON and back. Per-case values stand as one string of digits where all are 0 or 1. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple
from functools import cached_property
from typing import Any

from app.comparisons.material import CaseRow, Material
from app.comparisons.parts import PartOfCases
from app.comparisons.rules import Sides
from app.comparisons.slices import Slice
from app.core.stats.results import Estimate, PairedDifference
from app.evals.behavior_table import BehaviorTable
from app.evals.rules import Measured

DIGITS = {0.0: "0", 1.0: "1", None: "-"}
Values = str | list[float | None]


def packed_sides(sides: Sides) -> list[list[Any]]:
    return [list(astuple(part)) for part in sides]


def sides(raw: Sequence[Sequence[Any]]) -> Sides:
    return Estimate(*raw[0]), Estimate(*raw[1]), PairedDifference(*raw[2])


def packed_slices(parts: Sequence[PartOfCases]) -> list[list[Any]]:
    return [
        [
            part.by,
            part.slice.name,
            part.slice.n,
            packed_sides((part.slice.baseline, part.slice.candidate, part.slice.difference)),
            part.slice.p_value,
            part.slice.verdict,
        ]
        for part in parts
    ]


def slices(raw: Sequence[Sequence[Any]]) -> list[PartOfCases]:
    return [PartOfCases(by, Slice(name, n, *sides(three), p, said)) for by, name, n, three, p, said in raw]


def packed_behaviors(tables: tuple[BehaviorTable, BehaviorTable] | None) -> list[list[Any]] | None:
    if tables is None:
        return None
    return [[one.counts, list(astuple(one.over_refusal)), list(astuple(one.under_refusal))] for one in tables]


def behaviors(raw: Sequence[Sequence[Any]] | None) -> tuple[BehaviorTable, BehaviorTable] | None:
    if raw is None:
        return None
    before, after = (BehaviorTable(counts, Estimate(*over), Estimate(*under)) for counts, over, under in raw)
    return before, after


def packed_material(found: Material) -> dict[str, Any]:
    cases = list(found.cases)
    return {
        "graders": list(found.graders),
        "left_out": list(found.left_out),
        "baseline": _packed_side(found.baseline, cases),
        "candidate": _packed_side(found.candidate, cases),
        "members": {part: packed(ids, cases) for part, ids in found.members.items()},
    }


def material(raw: Mapping[str, Any], cases: Mapping[str, CaseRow]) -> Material:
    """``cases``: in the order in which they were packed. Latencies are not kept: their differences are."""
    baseline, candidate = (_side(raw[name], cases) for name in ("baseline", "candidate"))
    members = {part: Unpacked(values, cases) for part, values in raw["members"].items()}
    return Material(baseline, candidate, cases, raw["graders"], raw["left_out"], members)


def _packed_side(side: Measured, cases: Sequence[str]) -> dict[str, Any]:
    return {
        "rates": {key: packed(values, cases) for key, values in side.rates.items()},
        "success": packed(side.success, cases),
        "costs": None if side.costs is None else packed(side.costs, cases),
        "disputed": packed(dict.fromkeys(side.disputed, 1.0), cases),
        "not_gradable": dict(side.not_gradable),
    }


def _side(raw: Mapping[str, Any], cases: Mapping[str, CaseRow]) -> Measured:
    return Measured(
        rates={key: Unpacked(values, cases) for key, values in raw["rates"].items()},
        not_gradable=raw["not_gradable"],
        success=unpacked(raw["success"], cases),
        latencies={},
        costs=None if raw["costs"] is None else Unpacked(raw["costs"], cases),
        groups=Groups(cases),
        disputed=frozenset(unpacked(raw["disputed"], cases)),
    )


def packed(values: Mapping[str, float], cases: Sequence[str]) -> Values:
    listed = [values.get(case) for case in cases]
    if all(value in DIGITS for value in listed):
        return "".join(DIGITS[value] for value in listed)
    return listed


def unpacked(values: Values, cases: Mapping[str, CaseRow]) -> dict[str, float]:
    if isinstance(values, str):
        return {case: float(digit) for case, digit in zip(cases, values, strict=True) if digit != "-"}
    return {case: value for case, value in zip(cases, values, strict=True) if value is not None}


class Unpacked(Mapping[str, float]):
    """Values by case, taken apart when first asked for: a page asks for few of those that are kept."""

    def __init__(self, values: Values, cases: Mapping[str, CaseRow]) -> None:
        self._packed, self._cases = values, cases

    @cached_property
    def _by_case(self) -> dict[str, float]:
        return unpacked(self._packed, self._cases)

    def __getitem__(self, case: str) -> float:
        return self._by_case[case]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_case)

    def __len__(self) -> int:
        return len(self._by_case)


class Groups(Mapping[str, str]):
    """The group of each case, as it stands with the case."""

    def __init__(self, cases: Mapping[str, CaseRow]) -> None:
        self._cases = cases

    def __getitem__(self, case: str) -> str:
        return self._cases[case].group

    def __iter__(self) -> Iterator[str]:
        return iter(self._cases)

    def __len__(self) -> int:
        return len(self._cases)
