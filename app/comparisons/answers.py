"""What the API answers of comparisons."""

from typing import Any

from pydantic import BaseModel

from app.comparisons.cases import ShownCase, Side
from app.comparisons.choice import RunPair
from app.comparisons.parts import By, PartOfCases
from app.comparisons.rules import Outcome, Row
from app.comparisons.service import Compared
from app.core.stats.words import Unit, Verdict
from app.evals.models import Output

Interval = tuple[float | None, float | None]


class CandidateOut(BaseModel):
    id: str
    name: str


class PairOut(BaseModel):
    """A sealed set, how often it has been used, and the runs compared on it. ``…_reused``: outputs of that run that
    were taken over from other runs; they have no part in latency and cost."""

    test_set_id: str
    name: str
    kind: str
    size: int
    uses: int
    baseline_run: str
    candidate_run: str
    baseline_reused: int
    candidate_reused: int

    @classmethod
    def of(cls, pair: RunPair, uses: int, reused: tuple[int, int]) -> "PairOut":
        of_set = {name: getattr(pair.test_set, name) for name in ("name", "kind", "size")}
        runs = {"baseline_run": pair.baseline.id, "candidate_run": pair.candidate.id}
        taken = {"baseline_reused": reused[0], "candidate_reused": reused[1]}
        return cls(test_set_id=pair.test_set.id, uses=uses, **of_set, **runs, **taken)


class DifferenceOut(BaseModel):
    """``difference`` is candidate − baseline over ``n`` cases, ``interval`` its 95 % interval; ``p_value`` is adjusted
    over the rows of one table (Holm), ``p_value_raw`` is not; 80 % power for ``minimum_detectable_difference``."""

    baseline: float | None
    candidate: float | None
    difference: float | None
    interval: Interval | None
    p_value: float | None
    p_value_raw: float | None
    n: int
    minimum_detectable_difference: float | None
    verdict: Verdict


class MetricOut(DifferenceOut):
    key: str
    label: str
    unit: Unit
    higher_is_better: bool
    sentence: str

    @classmethod
    def of(cls, row: Row) -> "MetricOut":
        same = {name: getattr(row, name) for name in cls.model_fields if name in Row.__slots__}
        return cls(
            **same | {"baseline": row.baseline.value, "candidate": row.candidate.value},
            interval=None if row.low is None and row.high is None else (row.low, row.high),
        )


class SliceOut(DifferenceOut):
    """Success on the cases with one tag, expected behaviour, length of request, source or language."""

    by: By
    value: str

    @classmethod
    def of(cls, part: PartOfCases) -> "SliceOut":
        one, found = part.slice, part.slice.difference
        return cls(
            by=part.by,
            value=one.name,
            baseline=one.baseline.value,
            candidate=one.candidate.value,
            difference=found.difference,
            interval=None if found.low is None and found.high is None else (found.low, found.high),
            p_value=one.p_value,
            p_value_raw=found.p_value,
            n=one.n,
            minimum_detectable_difference=found.mdd,
            verdict=one.verdict,
        )


class OutcomesOut(BaseModel):
    regression: int = 0
    win: int = 0
    both_wrong: int = 0
    both_right: int = 0
    disagreement: int = 0


class ComparisonOut(BaseModel):
    """``graders`` count, because both runs have them word for word; ``graders_left_out`` do not."""

    baseline: CandidateOut
    candidate: CandidateOut
    test_sets: list[PairOut]
    headline: str
    metrics: list[MetricOut]
    slices: list[SliceOut]
    outcomes: OutcomesOut
    graders: list[str]
    graders_left_out: list[str]
    only_baseline: int
    only_candidate: int

    @classmethod
    def of(cls, found: Compared, test_sets: list[PairOut]) -> "ComparisonOut":
        before, after = found.sides.baseline, found.sides.candidate
        return cls(
            baseline=CandidateOut(id=before.id, name=before.name),
            candidate=CandidateOut(id=after.id, name=after.name),
            test_sets=test_sets,
            headline=found.result.headline,
            metrics=[MetricOut.of(row) for row in found.result.rows],
            slices=[SliceOut.of(part) for part in found.slices],
            outcomes=OutcomesOut(**found.counts),
            graders=list(found.material.graders),
            graders_left_out=list(found.material.left_out),
            only_baseline=found.result.only_baseline,
            only_candidate=found.result.only_candidate,
        )


class GradeOut(BaseModel):
    grader: str
    metric: str
    score: float | None
    passed: bool | None
    reason: str


class AnswerOut(BaseModel):
    id: str
    repeat: int
    status: str
    text: str | None
    tool_calls: list[Any] | None
    error: str | None
    latency_ms: float | None
    cost: float | None
    reused_from: str | None
    grades: list[GradeOut]

    @classmethod
    def of(cls, output: Output, side: Side) -> "AnswerOut":
        given = [GradeOut.model_validate(grade, from_attributes=True) for grade in side.grades[output.id]]
        names = set(cls.model_fields) - {"grades"}
        return cls(**{name: getattr(output, name) for name in names}, grades=given)


class SideOut(BaseModel):
    """``passed``: share of the repeats that did. No ``outputs``: nothing came back, which is not passed."""

    run_id: str
    passed: float
    outputs: list[AnswerOut]

    @classmethod
    def of(cls, side: Side) -> "SideOut":
        outputs = [AnswerOut.of(output, side) for output in side.outputs]
        return cls(run_id=side.run.id, passed=side.share, outputs=outputs)


class CaseOut(BaseModel):
    case_id: str
    test_set_id: str
    outcome: Outcome
    messages: list[dict[str, Any]]
    expected: dict[str, Any]
    behavior: str | None
    tags: list[str]
    baseline: SideOut
    candidate: SideOut

    @classmethod
    def of(cls, shown: ShownCase) -> "CaseOut":
        return cls(
            case_id=shown.case.id,
            test_set_id=shown.case.test_set_id,
            outcome=shown.outcome,
            messages=shown.case.messages,
            expected=shown.case.expected,
            behavior=shown.row.behavior,
            tags=shown.case.tags,
            baseline=SideOut.of(shown.baseline),
            candidate=SideOut.of(shown.candidate),
        )
