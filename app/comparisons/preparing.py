"""What a finished run makes comparable, worked out before anybody opens the page."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.candidates import queries as candidates
from app.candidates.models import Candidate
from app.comparisons import costs, queries, worked_out
from app.comparisons.choice import RunPair, in_order
from app.comparisons.costs import DEFAULT_VOLUME
from app.datasets import queries as datasets
from app.evals.models import EvalRun
from app.projects.models import Project

MOST = 20  # candidates that a new run of the baseline is compared with


@dataclass(frozen=True)
class Waiting:
    """Candidate against baseline; ``runs`` of (test set, baseline's run, candidate's run)."""

    project_id: str
    baseline_id: str
    candidate_id: str
    runs: Sequence[tuple[str, str, str]]


def pairs_of(session: Session, run_id: str) -> list[Waiting]:
    """The comparisons that pages show unless told otherwise: all sets together, and the set of this run alone."""
    run = session.get(EvalRun, run_id)
    baseline = candidates.baseline(session, run.project_id) if run else None
    if run is None or baseline is None:
        return []
    others = [run.candidate_id]
    if run.candidate_id == baseline.id:
        listed = candidates.listed(session, run.project_id)
        others = [one.id for one, _provider in listed if one.id != baseline.id][:MOST]
    return [one for other in others for one in _of_candidate(session, run, baseline.id, other)]


def _of_candidate(session: Session, run: EvalRun, baseline_id: str, candidate_id: str) -> list[Waiting]:
    latest = queries.latest_runs(session, run.project_id, [baseline_id, candidate_id])
    both = []
    for one in in_order(datasets.sealed_sets(session, run.project_id)):
        before, after = latest.get((baseline_id, one.id)), latest.get((candidate_id, one.id))
        both += [(one.id, before.id, after.id)] if before and after else []
    alone = [runs for runs in both if runs[0] == run.test_set_id]
    wanted = [both] if both == alone else [both, alone]
    return [Waiting(run.project_id, baseline_id, candidate_id, runs) for runs in wanted if runs]


def work_out(session: Session, wanted: Waiting) -> None:
    """Keeps what it works out. Runs without a grader in common have no comparison, and the page says so."""
    pairs = []
    for set_id, before, after in wanted.runs:
        test_set = datasets.find_set(session, wanted.project_id, set_id)
        if test_set is None:
            return
        pairs.append(RunPair(test_set, session.get_one(EvalRun, before), session.get_one(EvalRun, after)))
    project = session.get_one(Project, wanted.project_id)
    sides = (session.get_one(Candidate, one) for one in (wanted.baseline_id, wanted.candidate_id))
    before_cost, after_cost = (costs.fixed(session, project, one) for one in sides)
    try:
        found = worked_out.of_pairs(session, project.id, pairs).material
    except worked_out.NotReady:
        return
    worked_out.loaded(session, project.id, pairs, found, (before_cost, after_cost), DEFAULT_VOLUME)
