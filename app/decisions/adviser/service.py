"""Verbs of the adviser: say what to try next, say why cases failed, take it back."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.candidates import queries as candidates
from app.candidates.models import Candidate
from app.comparisons.choice import Action, NotReady, in_order
from app.core.errors import Conflict, Invalid, NotFound
from app.core.ids import is_id, new_id
from app.datasets import queries as datasets
from app.datasets.models import TestSet
from app.decisions.adviser import evidence, options, queries
from app.decisions.adviser.causes import CAUSES, Cause, Group
from app.decisions.adviser.evidence import Failure
from app.decisions.adviser.forms import FailureFilter, NewCauses, Wanted
from app.decisions.adviser.models import FailureCause
from app.decisions.adviser.options import Option
from app.decisions.adviser.recommending import KINDS_OF, Advice, Count, Facts, Measured, advise
from app.evals import queries as evals
from app.evals.models import EvalRun
from app.projects.access import Access
from app.projects.rules import SIZE_BANDS


@dataclass(frozen=True)
class Chosen:
    """Whose failures are looked at. ``sets``: those that the baseline has answered, to choose from."""

    run: EvalRun
    test_set: TestSet
    candidate: Candidate
    sets: Sequence[TestSet]


@dataclass(frozen=True)
class Advised:
    chosen: Chosen
    cases: int
    failures: Sequence[Failure]
    options: Sequence[Option]
    facts: Facts
    advice: Advice


@dataclass(frozen=True)
class Change:
    """What was written at once; ``change_id`` undoes it."""

    change_id: str
    count: int


def choose(session: Session, access: Access, wanted: Wanted) -> Chosen:
    """NotReady (a Conflict) where there is no baseline, or it has no complete run."""
    slug, project_id = access.project.slug, access.project.id
    baseline = candidates.baseline(session, project_id)
    if baseline is None:
        to_them = Action("Choose the baseline", f"/p/{slug}/candidates")
        raise NotReady("Choose a baseline first", "The adviser looks at what the baseline fails.", to_them)
    runs = queries.baseline_runs(session, project_id, access.user.id, baseline.id)
    sealed = in_order(one for one in datasets.sealed_sets(session, project_id) if one.id in runs)
    if wanted.run:
        run = evals.run(session, project_id, wanted.run, access.user.id)
        if run.status != "succeeded":
            raise NotReady(f"Run {run.number} is not complete", "Failures are looked at once a run has ended.", None)
        test_set = datasets.find_set(session, project_id, run.test_set_id)
        assert test_set is not None
        return Chosen(run, test_set, candidates.get(session, project_id, run.candidate_id), sealed)
    chosen = next((one for one in sealed if one.id == wanted.test_set), None) if wanted.test_set else None
    if chosen is None and wanted.test_set and datasets.find_set(session, project_id, wanted.test_set) is None:
        raise NotFound("This test set")
    if (chosen is None and wanted.test_set) or not sealed:
        action = Action("Measure it", f"/p/{slug}/runs/new?candidate={baseline.id}") if access.can("engineer") else None
        words = "The adviser looks at the cases that it fails, and says what may help."
        raise NotReady(f"Measure “{baseline.name}” on a sealed test set first", words, action)
    chosen = chosen or sealed[0]
    return Chosen(runs[chosen.id], chosen, baseline, sealed)


def look(session: Session, access: Access, wanted: Wanted) -> tuple[Chosen, evidence.Found]:
    """The failures of the chosen run alone."""
    chosen = choose(session, access, wanted)
    return chosen, evidence.gather(session, access.project, chosen.run, chosen.test_set)


def advise_on(session: Session, access: Access, wanted: Wanted) -> Advised:
    """What to try next, with all that it rests on. Raises what ``choose`` raises."""
    chosen, found = look(session, access, wanted)
    known = options.measured(session, access, chosen.run, chosen.test_set)
    facts = _facts(session, access, found, known)
    return Advised(chosen, found.cases, found.failures, known, facts, advise(facts))


def matching(failures: Sequence[Failure], wanted: FailureFilter) -> list[Failure]:
    """Those that the filter leaves, in the order of the set."""
    return [
        one
        for one in failures
        if wanted.cause in (None, one.cause or "none")
        and wanted.state in (None, one.state)
        and (wanted.tag is None or wanted.tag in one.tags)
        and (wanted.grader is None or wanted.grader in one.graders)
    ]


def say(session: Session, access: Access, new: NewCauses) -> Change:
    """Set or confirm causes. Conflict where the filter matches another number by now, Invalid where a case did not fail
    or nothing is proposed for it."""
    queries.lock(session, access.project.id)
    chosen, found = look(session, access, new)
    rows = _named(found.failures, new) if new.case_ids is not None else matching(found.failures, new)
    if new.case_ids is None and len(rows) != new.expected_count:
        raise Conflict(f"{len(rows)} failures match by now, not {new.expected_count}: look again, then repeat.")
    causes = [(one, cause) for one in rows if (cause := new.one_cause or one.proposal.cause) is not None]
    if not causes:
        raise Invalid.field("set_to", "Nothing is proposed for these failures: choose a cause.")
    change = new_id()
    for one, cause in causes:
        _write(session, access, chosen.run.id, one, cause, change)
    return _recorded(session, access, "set", Change(change, len(causes)), new.set_to)


def undo(session: Session, access: Access, change_id: str | None = None) -> Change:
    """Take back a change: each case has the cause that it had before. Without an id, the person's own last one.

    NotFound where there is none; Conflict where it was undone already, or somebody has said something else since."""
    project_id = access.project.id
    queries.lock(session, project_id)
    wanted = change_id or queries.last_change(session, project_id, access.user.id)
    rows = queries.of_change(session, project_id, wanted) if wanted and is_id(wanted) else []
    if not rows or wanted is None:
        raise NotFound("A change to undo")
    if queries.undone(session, wanted):
        raise Conflict("This change was undone already.")
    counts = queries.newest(session, project_id, [row.content_hash for row in rows])
    if any(counts[row.content_hash] != row.id for row in rows):
        raise Conflict("Somebody has said something else of one of these cases since: it stays.")
    earlier, change = queries.before(session, project_id, rows), new_id()
    for row in rows:
        was = earlier.get(row.content_hash)
        fields = {name: getattr(row, name) for name in ("project_id", "case_id", "content_hash", "run_id", "proposed")}
        cause = was.cause if was else None
        session.add(FailureCause(**fields, cause=cause, change_id=change, undoes=wanted, set_by=access.user.id))
    session.flush()
    return _recorded(session, access, "undo", Change(change, len(rows)), "")


def _named(failures: Sequence[Failure], new: NewCauses) -> list[Failure]:
    by_id = {one.case_id: one for one in failures}
    missing = [one for one in new.case_ids or () if one not in by_id]
    if missing:
        raise Invalid.field("case_ids", f"Case {missing[0]} did not fail in this run.")
    return [by_id[one] for one in dict.fromkeys(new.case_ids or ())]


def _write(session: Session, access: Access, run_id: str, one: Failure, cause: Cause, change: str) -> None:
    row = FailureCause(
        project_id=access.project.id,
        case_id=one.case_id,
        content_hash=one.content_hash,
        run_id=run_id,
        cause=cause,
        proposed=one.proposal.cause,
        change_id=change,
        set_by=access.user.id,
    )
    session.add(row)
    session.flush()


def _recorded(session: Session, access: Access, action: str, change: Change, said: str) -> Change:
    who = {"actor_id": access.user.id, "project_id": access.project.id}
    record(session, action, "failure causes", change.change_id, **who, cases=change.count, cause=said)
    return change


def _facts(session: Session, access: Access, found: evidence.Found, known: Sequence[Option]) -> Facts:
    baseline, others = known[0], known[1:]
    prompted = [one for one in known if one.kind in KINDS_OF["prompting"] and one.estimate]
    return Facts(
        cases=found.cases,
        failed=len(found.failures),
        unanswered=sum(not one.answered for one in found.failures),
        unexplained=sum(one.answered and one.cause is None for one in found.failures),
        counts={cause: _count(found.failures, cause) for cause in CAUSES},
        options=[
            Measured(
                one.candidate.name, one.kind, one.verdict, one.sentence, one.estimate.value or 0.0, one.cost_per_success
            )
            for one in others
            if one.estimate and not one.problem
        ],
        persistent=_persistent(found.failures, prompted),
        examples=queries.approved(session, access.project.id),
        examples_needed=SIZE_BANDS[access.project.goal][0],
        prompt_growth=_growth(baseline, prompted),
    )


def _count(failures: Sequence[Failure], cause: Cause) -> Count:
    states = [one.state for one in failures if one.cause == cause]
    return Count(states.count("confirmed"), states.count("proposed"))


def _persistent(failures: Sequence[Failure], prompted: Sequence[Option]) -> int | None:
    """Failures by behaviour that go on under the best prompted candidate, the baseline included if it is one."""
    if not prompted:
        return None
    best = max(prompted, key=lambda one: one.estimate.value or 0.0 if one.estimate else 0.0)
    group: Group = "behaviour"
    ours = [one for one in failures if one.cause and CAUSES[one.cause].group == group]
    success = best.success
    return len(ours) if success is None else sum(success.get(one.case_id, 0.0) <= evidence.PASSED for one in ours)


def _growth(baseline: Option, prompted: Sequence[Option]) -> float | None:
    before = len(baseline.candidate.system_prompt or "")
    after = max((len(one.candidate.system_prompt or "") for one in prompted), default=0)
    return after / before if before and after else None
