"""Which runs stand against each other, and what is missing where there are none."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from app.candidates import queries as candidates
from app.candidates.models import Candidate
from app.comparisons import queries
from app.comparisons.forms import Wanted
from app.core.errors import Conflict, Invalid, NotFound
from app.datasets import queries as datasets
from app.datasets.models import TEST_SET_KINDS, TestSet
from app.evals import blind
from app.evals import queries as evals
from app.evals.models import EvalRun
from app.projects.access import Access


@dataclass(frozen=True)
class Action:
    """What to do next: a label and an address."""

    label: str
    url: str


class NotReady(Conflict):
    """There is nothing to compare yet: ``title`` says what is missing, ``text`` why it is needed."""

    def __init__(self, title: str, text: str, action: Action | None = None) -> None:
        super().__init__(f"{title}. {text}" + (f" {action.label}: {action.url}" if action else ""))
        self.title, self.text, self.action = title, text, action


@dataclass(frozen=True)
class Sides:
    """The two candidates, and the runs that were named for them."""

    baseline: Candidate
    candidate: Candidate
    baseline_run: EvalRun | None = None
    candidate_run: EvalRun | None = None


@dataclass(frozen=True)
class RunPair:
    """One sealed set with the run of each side on it."""

    test_set: TestSet
    baseline: EvalRun
    candidate: EvalRun


def sides(session: Session, access: Access, wanted: Wanted) -> Sides:
    """Who is compared. NotReady without a baseline or a second candidate, NotFound for an id of elsewhere, Invalid
    for a candidate against itself unless two of its runs are named."""
    before = _named_run(session, access, wanted.baseline_run, wanted.baseline, "baseline")
    after = _named_run(session, access, wanted.candidate_run, wanted.candidate, "candidate")
    baseline = _baseline(session, access, before.candidate_id if before else wanted.baseline)
    candidate = _candidate(session, access, after.candidate_id if after else wanted.candidate, baseline)
    two_runs = before is not None and after is not None and before.id != after.id
    if baseline.id == candidate.id and not two_runs:
        raise Invalid.field("candidate", "Choose two different candidates: one cannot be compared with itself.")
    if before and after and before.test_set_id != after.test_set_id:
        raise Invalid.field("candidate_run", "The two runs are on different test sets.")
    return Sides(baseline, candidate, before, after)


def run_pairs(session: Session, access: Access, chosen: Sides, set_ids: Sequence[str]) -> list[RunPair]:
    """The runs to compare, one pair a set; the sets in order of kind and name.

    NotReady where a side has no complete run on a set. NotFound for a person who votes blind on one of them.
    """
    latest = queries.latest_runs(session, access.project.id, [chosen.baseline.id, chosen.candidate.id])
    found = [_pair(session, access, chosen, one, latest) for one in _sets(session, access, chosen, set_ids, latest)]
    for pair in found:
        for run in (pair.baseline, pair.candidate):
            blind.refuse_if_blind(session, access.user.id, run.id)
    return found


def _named_run(
    session: Session, access: Access, run_id: str | None, candidate_id: str | None, side: str
) -> EvalRun | None:
    if not run_id:
        return None
    run = evals.run(session, access.project.id, run_id, access.user.id)
    if candidate_id and run.candidate_id != candidate_id:
        raise Invalid.field(f"{side}_run", f"Run {run.number} is of another candidate than the {side} named.")
    if run.status != "succeeded":
        raise NotReady(
            f"Run {run.number} is not complete",
            "Only a finished run can be compared.",
            Action("Look at the run", f"/p/{access.project.slug}/runs/{run.id}"),
        )
    return run


def _baseline(session: Session, access: Access, candidate_id: str | None) -> Candidate:
    if candidate_id:
        return candidates.get(session, access.project.id, candidate_id)
    found = candidates.baseline(session, access.project.id)
    if found is None:
        some = candidates.listed(session, access.project.id)
        base = f"/p/{access.project.slug}/candidates"
        raise NotReady(
            "Choose a baseline first",
            "Everything is compared with the baseline: the base model with the best prompt you have.",
            Action("Choose the baseline", base) if some else _for_engineers(access, "Make a candidate", f"{base}/new"),
        )
    return found


def _candidate(session: Session, access: Access, candidate_id: str | None, baseline: Candidate) -> Candidate:
    if candidate_id:
        return candidates.get(session, access.project.id, candidate_id)
    found = queries.rival(session, access.project.id, baseline.id)
    if found is None:
        raise NotReady(
            "There is nothing to compare the baseline with",
            f"“{baseline.name}” is the only candidate. Tune a model, or make a candidate with a better prompt.",
            _for_engineers(access, "Make a candidate", f"/p/{access.project.slug}/candidates/new"),
        )
    return found


Latest = dict[tuple[str, str], EvalRun]


def _sets(session: Session, access: Access, chosen: Sides, ids: Sequence[str], latest: Latest) -> list[TestSet]:
    run = chosen.baseline_run or chosen.candidate_run
    if run is not None:
        if ids and list(ids) != [run.test_set_id]:
            raise Invalid.field("test_set", f"Run {run.number} is on another test set than the one named.")
        ids = [run.test_set_id]
    if ids:
        return in_order(_sealed(session, access, set_id) for set_id in dict.fromkeys(ids))
    sealed = datasets.sealed_sets(session, access.project.id)
    both = [one for one in sealed if all((side.id, one.id) in latest for side in (chosen.baseline, chosen.candidate))]
    if both:
        return in_order(both)
    if not sealed:
        raise NotReady(
            "Seal a test set first",
            "Two candidates are compared on cases that neither has been trained on.",
            Action("Test sets", f"/p/{access.project.slug}/test-sets"),
        )
    begun = [one for one in sealed if any((side.id, one.id) in latest for side in (chosen.baseline, chosen.candidate))]
    return in_order(begun or sealed)[:1]


def _sealed(session: Session, access: Access, set_id: str) -> TestSet:
    found = datasets.find_set(session, access.project.id, set_id)
    if found is None:
        raise NotFound("This test set")
    if found.sealed_at is None:
        raise NotReady(
            f"“{found.name}” is not sealed",
            "Runs are measured on sealed sets alone, so that nothing in them can change afterwards.",
            Action("Seal it", f"/p/{access.project.slug}/test-sets/{found.id}"),
        )
    return found


def in_order(sets: Iterable[TestSet]) -> list[TestSet]:
    return sorted(sets, key=lambda one: (TEST_SET_KINDS.index(one.kind), one.name))


def _pair(session: Session, access: Access, chosen: Sides, test_set: TestSet, latest: Latest) -> RunPair:
    before = chosen.baseline_run or latest.get((chosen.baseline.id, test_set.id))
    after = chosen.candidate_run or latest.get((chosen.candidate.id, test_set.id))
    if before is None or after is None:
        missing = chosen.baseline if before is None else chosen.candidate
        raise _not_measured(session, access, missing, test_set)
    return RunPair(test_set, before, after)


def _not_measured(session: Session, access: Access, candidate: Candidate, test_set: TestSet) -> NotReady:
    base, set_name = f"/p/{access.project.slug}/runs", f"“{test_set.name}”"
    run = queries.open_run(session, access.project.id, candidate.id, test_set.id)
    if run is not None:
        return NotReady(
            f"“{candidate.name}” is being measured on {set_name}",
            f"Run {run.number} has {run.done:,} of {run.total:,} outputs.",
            Action("Watch the run", f"{base}/{run.id}"),
        )
    title = f"Measure “{candidate.name}” on {set_name} first"
    if candidate.origin == "upload":
        return NotReady(title, "Its outputs were made elsewhere: upload those for this test set through the API.")
    query = urlencode({"candidate": candidate.id, "test_set": test_set.id})
    text = "Both sides answer the same sealed cases; this one has no complete run on them yet."
    return NotReady(title, text, _for_engineers(access, "Measure it", f"{base}/new?{query}"))


def _for_engineers(access: Access, label: str, url: str) -> Action | None:
    """Nobody is sent to a page that refuses them."""
    return Action(label, url) if access.can("engineer") else None
