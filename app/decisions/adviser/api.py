"""The adviser under ``/api/v1``."""

from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel

from app.comparisons import queries as comparisons
from app.core.errors import Forbidden, Invalid
from app.datasets import queries as datasets
from app.decisions.adviser import service
from app.decisions.adviser.causes import Cause
from app.decisions.adviser.evidence import Failure
from app.decisions.adviser.forms import FailureList, NewCauses, Wanted
from app.decisions.adviser.options import Option
from app.decisions.adviser.recommending import Approach, Kind
from app.decisions.adviser.service import Advised, Change
from app.evals import blind
from app.projects.access import Annotator, Viewer
from app.web.idempotency import api_router
from app.web.paging import ListAnswer, cut, decode_cursor
from app.web.session import SessionDep

router = api_router("decisions")
BASE = "/projects/{slug}/adviser"
Interval = tuple[float | None, float | None]


class CountOut(BaseModel):
    confirmed: int
    proposed: int


class OptionOut(BaseModel):
    """One candidate on the same set; of each kind the one that did best. ``difference`` is candidate − baseline over
    the same cases, ``p_value`` adjusted over the options (Holm). Costs in dollars; ``people`` for fine-tunes only."""

    kind: Kind
    candidate_id: str
    name: str
    is_baseline: bool
    run_id: str | None
    value: float | None
    interval: Interval | None
    n: int | None
    difference: float | None
    difference_interval: Interval | None
    p_value: float | None
    verdict: str | None
    cost_per_success: float | None
    training: float
    evaluation: float
    people: float
    problem: str | None

    @classmethod
    def of(cls, one: Option) -> "OptionOut":
        at, found = one.estimate, one.difference
        return cls(
            kind=one.kind,
            candidate_id=one.candidate.id,
            name=one.candidate.name,
            is_baseline=one.is_baseline,
            run_id=one.run.id if one.run else None,
            value=at.value if at else None,
            interval=(at.low, at.high) if at else None,
            n=at.n if at else None,
            difference=found.difference if found else None,
            difference_interval=(found.low, found.high) if found else None,
            p_value=one.p_value,
            verdict=one.verdict if found else None,
            cost_per_success=one.cost_per_success,
            training=one.fixed.training,
            evaluation=one.fixed.evaluation,
            people=one.fixed.people,
            problem=one.problem or None,
        )


class AdviceOut(BaseModel):
    """``approach`` null: the evidence does not say. ``favoured``: name of the measured candidate that it speaks for;
    ``make``: the kind of candidate to make and measure next."""

    headline: str
    approach: Approach | None
    reasons: list[str]
    cautions: list[str]
    favoured: str | None
    make: Kind | None
    run_id: str
    test_set_id: str
    cases: int
    failed: int
    unanswered: int
    without_cause: int
    causes: dict[Cause, CountOut]
    options: list[OptionOut]

    @classmethod
    def of(cls, found: Advised) -> "AdviceOut":
        advice, facts = found.advice, found.facts
        return cls(
            headline=advice.headline,
            approach=advice.approach,
            reasons=list(advice.reasons),
            cautions=list(advice.cautions),
            favoured=advice.favoured,
            make=advice.make,
            run_id=found.chosen.run.id,
            test_set_id=found.chosen.test_set.id,
            cases=found.cases,
            failed=facts.failed,
            unanswered=facts.unanswered,
            without_cause=facts.unexplained,
            causes={cause: CountOut.model_validate(one, from_attributes=True) for cause, one in facts.counts.items()},
            options=[OptionOut.of(one) for one in found.options],
        )


class SignalOut(BaseModel):
    cause: Cause
    words: str


class FailureOut(BaseModel):
    """``cause`` as it counts: confirmed before proposed. ``evidence`` quotes outputs."""

    case_id: str
    position: int
    tags: list[str]
    graders: list[str]
    answered: bool
    cause: Cause | None
    state: str
    proposed: Cause | None
    confirmed_by: str | None
    confirmed_at: datetime | None
    evidence: list[SignalOut]

    @classmethod
    def of(cls, one: Failure) -> "FailureOut":
        said = one.confirmed
        same = {name: getattr(one, name) for name in ("case_id", "position", "answered", "cause", "state")}
        return cls(
            **same,
            tags=list(one.tags),
            graders=list(one.graders),
            proposed=one.proposal.cause,
            confirmed_by=said.who if said else None,
            confirmed_at=said.at if said else None,
            evidence=[SignalOut.model_validate(signal, from_attributes=True) for signal in one.proposal.signals],
        )


class ChangeOut(BaseModel):
    """``change_id``: ``DELETE …/causes/{change_id}`` takes it back."""

    change_id: str
    count: int

    @classmethod
    def of(cls, change: Change) -> "ChangeOut":
        return cls(change_id=change.change_id, count=change.count)


@router.get(BASE)
def advise(session: SessionDep, access: Viewer, wanted: Annotated[Wanted, Query()]) -> AdviceOut:
    """What to try next. 409 where nothing is measured: ``detail`` says what to do first."""
    return AdviceOut.of(service.advise_on(session, access, wanted))


@router.get(BASE + "/failures")
def list_failures(
    session: SessionDep, access: Viewer, wanted: Annotated[FailureList, Query()]
) -> ListAnswer[FailureOut]:
    """The failed cases that match, in the order of the set. Who reads them cannot vote on this run."""
    chosen, found = service.look(session, access, wanted)
    if access.role == "annotator" and not comparisons.seen(session, access.user.id, [chosen.run.id]):
        raise Forbidden("Open the failures in the browser first: who reads them cannot vote on this run.")
    after = decode_cursor(wanted.cursor)
    if after and not isinstance(after[0], int):
        raise Invalid.field("cursor", "This cursor is not one of ours: start from the first page.")
    rows = [one for one in service.matching(found.failures, wanted) if not after or one.position > after[0]]
    page = cut(rows[: wanted.limit + 1], wanted.limit, lambda one: (one.position,))
    if page.items:
        blind.saw_outputs(session, access.user.id, chosen.run.id)
        datasets.note_access(session, chosen.test_set.id, "viewed", user_id=access.user.id, run_id=chosen.run.id)
    return ListAnswer(items=[FailureOut.of(one) for one in page.items], next_cursor=page.next_cursor)


@router.post(BASE + "/causes", status_code=201)
def say(session: SessionDep, access: Annotator, new: NewCauses) -> ChangeOut:
    """Confirm what is proposed, or set a cause: for named cases, or for all that the filter matches."""
    return ChangeOut.of(service.say(session, access, new))


@router.delete(BASE + "/causes/{change_id}")
def undo(session: SessionDep, access: Annotator, change_id: str) -> ChangeOut:
    """Take a change back: each case has the cause that it had before."""
    return ChangeOut.of(service.undo(session, access, change_id))
