"""The cases behind each number of a comparison, with both answers to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.orm import Session

from app.comparisons import queries
from app.comparisons.choice import RunPair
from app.comparisons.forms import CaseFilter
from app.comparisons.material import CaseRow, Material
from app.comparisons.rules import Outcome, outcome
from app.core.errors import Invalid
from app.datasets import queries as datasets
from app.datasets.models import TestCase
from app.evals import blind
from app.evals import queries as evals
from app.evals.catalogue import METRICS
from app.evals.models import EvalRun, Grade, Output
from app.evals.rules import Measured
from app.projects.access import Access
from app.web.paging import Slice, cut, decode_cursor

OTHER_CUTS = ("length", "source", "language")  # tags and behaviour stand with each case


@dataclass(frozen=True)
class Side:
    """One side's answers to a case, by repeat; none where nothing came back. ``share`` of the repeats passed."""

    run: EvalRun
    outputs: Sequence[Output]
    grades: Mapping[str, Sequence[Grade]]
    share: float


@dataclass(frozen=True)
class ShownCase:
    row: CaseRow
    case: TestCase
    outcome: Outcome
    baseline: Side
    candidate: Side


def shares(measured: Measured, metric: str | None) -> Mapping[str, float] | None:
    """Share of repeats that passed, by case: in one graded metric, or in the main one of the case's set."""
    if metric is None:
        return measured.success
    rates = measured.rates.get(metric)
    if rates is None or METRICS[metric].higher_is_better:
        return rates
    return {case: 1 - value for case, value in rates.items()}


def matching(found: Material, wanted: CaseFilter) -> dict[str, Outcome]:
    """The cases that both have and the filter leaves, with their outcome, in the order of the sets.

    Invalid where the metric was not graded in both runs."""
    before, after = (shares(side, wanted.metric) for side in (found.baseline, found.candidate))
    if before is None or after is None:
        raise Invalid.field("metric", f"{METRICS[wanted.metric or ''].label} was not graded in both runs.")
    within = [found.members.get(f"{by}:{value}", {}) for by, value in wanted.cut.items() if by in OTHER_CUTS]
    kept = {}
    for case in found.cases.values():
        if case.id not in before or case.id not in after:
            continue
        tagged = wanted.tag is None or wanted.tag in case.tags
        if tagged and wanted.behavior in (None, case.behavior) and all(case.id in part for part in within):
            kept[case.id] = outcome(before[case.id], after[case.id])
    return of_outcome(found, kept, wanted.outcome)


def of_outcome(found: Material, kept: dict[str, Outcome], wanted: str | None) -> dict[str, Outcome]:
    if wanted is None:
        return kept
    if wanted == "disagreement":
        disputed = found.baseline.disputed | found.candidate.disputed
        return {case: became for case, became in kept.items() if case in disputed}
    return {case: became for case, became in kept.items() if became == wanted}


def page(
    session: Session,
    access: Access,
    pairs: Sequence[RunPair],
    found: Material,
    wanted: CaseFilter,
    everything: dict[str, Outcome] | None = None,
) -> Slice[ShownCase]:
    """One page of cases with their texts. Who reads them knows whose is whose: that is remembered, so that they do not
    vote on these runs. ``everything``: the cases of all outcomes, where they have been looked for already."""
    kept = matching(found, wanted) if everything is None else of_outcome(found, everything, wanted.outcome)
    places = {pair.test_set.id: place for place, pair in enumerate(pairs)}
    after = _position(wanted.cursor, places)
    rows = [found.cases[case_id] for case_id in kept]
    if after is not None:
        rows = [row for row in rows if (places[row.test_set_id], row.position) > after]
    cut_off = cut(rows[: wanted.limit + 1], wanted.limit, lambda row: (row.test_set_id, row.position))
    if cut_off.items:
        _note_looked(session, access, pairs)
    sides = [_sides(session, pairs, found, cut_off.items, wanted.metric, name) for name in ("baseline", "candidate")]
    texts = queries.case_texts(session, [row.id for row in cut_off.items])
    shown = [ShownCase(row, texts[row.id], kept[row.id], sides[0][row.id], sides[1][row.id]) for row in cut_off.items]
    return Slice(shown, cut_off.next_cursor)


def _position(cursor: str | None, places: Mapping[str, int]) -> tuple[int, int] | None:
    values = decode_cursor(cursor, 2)
    if values is None:
        return None
    if values[0] not in places or not isinstance(values[1], int):
        raise Invalid.field("cursor", "This cursor is of another comparison: start from the first page.")
    return places[values[0]], values[1]


def _note_looked(session: Session, access: Access, pairs: Sequence[RunPair]) -> None:
    for pair in pairs:
        for run in (pair.baseline, pair.candidate):
            blind.saw_outputs(session, access.user.id, run.id)
            datasets.note_access(session, pair.test_set.id, "viewed", user_id=access.user.id, run_id=run.id)


def _sides(
    session: Session,
    pairs: Sequence[RunPair],
    found: Material,
    rows: Sequence[CaseRow],
    metric: str | None,
    name: Literal["baseline", "candidate"],
) -> dict[str, Side]:
    """By case what one of the two answered, and how that was graded."""
    runs: dict[str, EvalRun] = {pair.test_set.id: getattr(pair, name) for pair in pairs}
    answers = queries.output_texts(session, [run.id for run in runs.values()], [row.id for row in rows])
    grades = evals.grades(session, [output.id for outputs in answers.values() for output in outputs])
    passed = shares(getattr(found, name), metric) or {}
    found_sides = {}
    for row in rows:
        outputs = answers.get(row.id, [])
        given = {output.id: grades[output.id] for output in outputs}
        found_sides[row.id] = Side(runs[row.test_set_id], outputs, given, passed[row.id])
    return found_sides
