"""What could be done instead of the baseline: each kind of candidate, as it was measured on the same set, and its
cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from app.candidates import queries as candidates
from app.candidates.few_shot import queries as few_shot
from app.candidates.few_shot.models import CandidateShot
from app.candidates.models import Candidate
from app.comparisons import costs
from app.comparisons import queries as comparisons
from app.comparisons.choice import NotReady, RunPair
from app.comparisons.costs import Fixed
from app.comparisons.worked_out import of_pairs
from app.core.errors import NotFound
from app.core.stats.multiplicity import holm
from app.core.stats.results import Estimate, PairedDifference
from app.core.stats.words import Subject, Verdict, difference_sentence, verdict
from app.datasets.models import TestSet
from app.decisions.adviser.recommending import Kind
from app.evals import blind
from app.evals.catalogue import KIND_METRIC, METRICS
from app.evals.models import EvalRun
from app.projects.access import Access

ORDER: tuple[Kind, ...] = ("base", "prompted", "few_shot", "retrieval", "tuned", "elsewhere")
LABELS: Mapping[Kind, str] = {
    "base": "Base model",
    "prompted": "Prompt",
    "few_shot": "Prompt with worked examples",
    "retrieval": "Retrieval",
    "tuned": "Fine-tune",
    "elsewhere": "Outputs made elsewhere",
}


@dataclass(frozen=True)
class Option:
    """One candidate on the set. ``estimate`` None: not measured. ``difference`` to the baseline over the same cases;
    ``problem``: why there is none. ``success``: by case, what both passed and failed."""

    candidate: Candidate
    kind: Kind
    run: EvalRun | None
    estimate: Estimate | None
    cost_per_success: float | None
    fixed: Fixed
    is_baseline: bool = False
    difference: PairedDifference | None = None
    p_value: float | None = None
    verdict: Verdict = "no_difference_shown"
    sentence: str = ""
    problem: str = ""
    success: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Pair:
    """A candidate's main measure against the baseline's, before the page's correction."""

    before: Estimate
    after: Estimate
    difference: PairedDifference
    success: Mapping[str, float]


def kind_of(candidate: Candidate, shots: Sequence[CandidateShot]) -> Kind:
    """What was done to it, the furthest-reaching first."""
    if candidate.origin == "fine_tune":
        return "tuned"
    if candidate.origin == "upload":
        return "elsewhere"
    if getattr(candidate, "retrieval", None):
        return "retrieval"
    if shots:
        return "few_shot"
    return "prompted" if candidate.system_prompt or candidate.prompt_template else "base"


def measured(session: Session, access: Access, baseline: EvalRun, test_set: TestSet) -> list[Option]:
    """The baseline, then of each kind the candidate that did best on the set, else the newest one.

    Differences are paired over the same cases (the comparison's own), corrected over this page (Holm).
    """
    listed = [candidate for candidate, _provider in candidates.listed(session, access.project.id)]
    shots = few_shot.by_candidate(session, [one.id for one in listed])
    runs = comparisons.latest_runs(session, access.project.id, [one.id for one in listed])
    metric = KIND_METRIC.get(test_set.kind, "task_accuracy")
    known = [
        _option(session, access, one, kind_of(one, shots[one.id]), runs.get((one.id, test_set.id)), metric)
        for one in listed
        if one.id != baseline.candidate_id
    ]
    base = candidates.get(session, access.project.id, baseline.candidate_id)
    base_kind = kind_of(base, few_shot.of_candidate(session, base.id))
    first = _option(session, access, base, base_kind, baseline, metric, is_baseline=True)
    best = [_best([one for one in known if one.kind == kind]) for kind in ORDER]
    return [first, *_compared(session, access, first, [one for one in best if one], test_set, metric)]


def _best(options: Sequence[Option]) -> Option | None:
    """The highest main measure; measured before not measured, and the newest of equal ones."""

    def rank(one: Option) -> tuple[bool, float]:
        return one.run is not None, (one.estimate.value or 0.0) if one.estimate else 0.0

    return max(options, key=rank, default=None)


def _option(
    session: Session,
    access: Access,
    candidate: Candidate,
    kind: Kind,
    run: EvalRun | None,
    metric: str,
    *,
    is_baseline: bool = False,
) -> Option:
    if run is not None:
        try:
            blind.refuse_if_blind(session, access.user.id, run.id)
        except NotFound:
            run = None
    stored = {one["key"]: one for one in (run.metrics or [])} if run else {}
    main, cost = stored.get(metric), stored.get("cost_per_success")
    low, high = (main or {}).get("interval") or (None, None)
    estimate = Estimate(main["value"], low, high, main["n"]) if main else None
    fixed = costs.fixed(session, access.project, candidate)
    return Option(candidate, kind, run, estimate, cost["value"] if cost else None, fixed, is_baseline)


def _compared(
    session: Session, access: Access, first: Option, others: Sequence[Option], test_set: TestSet, metric: str
) -> list[Option]:
    pairs: list[Pair | str | None] = [_pair(session, access, first, one, test_set, metric) for one in others]
    adjusted = holm([pair.difference.p_value if isinstance(pair, Pair) else None for pair in pairs])
    return [_with(first, one, pair, p, metric) for one, pair, p in zip(others, pairs, adjusted, strict=True)]


def _pair(
    session: Session, access: Access, first: Option, one: Option, test_set: TestSet, metric: str
) -> Pair | str | None:
    """None where it was not measured; words where it cannot be compared."""
    if one.run is None or first.run is None:
        return None
    runs = RunPair(test_set, first.run, one.run)
    try:
        found = of_pairs(session, access.project.id, [runs])
    except NotReady as missing:
        return missing.title
    sides = found.differences.get(metric)
    return (
        Pair(*sides, found.material.candidate.success) if sides else f"{METRICS[metric].label} was not graded in both."
    )


def _with(first: Option, one: Option, pair: Pair | str | None, p_value: float | None, metric: str) -> Option:
    if not isinstance(pair, Pair):
        return replace(one, problem=pair or "")
    kind = METRICS[metric]
    found = verdict(pair.difference, p_value, kind.higher_is_better)
    subject = Subject(first.candidate.name, one.candidate.name, kind.phrase)
    shown = found != "no_difference_shown"
    sentence = difference_sentence(subject, pair.before, pair.after, pair.difference, shown, p_value)
    return replace(
        one,
        difference=pair.difference,
        p_value=p_value,
        verdict=found,
        sentence=sentence,
        estimate=pair.after,
        success=pair.success,
    )
