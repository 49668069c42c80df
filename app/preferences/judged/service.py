"""Verbs of judges beside people: start, cancel, resume."""

from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.core.clock import utcnow
from app.core.errors import Conflict, Invalid
from app.evals.graders import parse_spec
from app.evals.graders.judging import Ask
from app.evals.judges import planning, providers
from app.gateway.models import PaidCall
from app.jobs.queue import enqueue
from app.preferences.judged import queries
from app.preferences.judged.forms import NewJudge
from app.preferences.judged.models import RoundJudge
from app.preferences.judged.requests import body_of
from app.preferences.models import PreferenceRound
from app.projects.access import Access

MOST_JUDGES = 5
LIVE = ("queued", "running")
NOTHING_SHOWN = "This round shows no pair of outputs: there is nothing to judge."
NOTHING_CAME = "No pair of these votes came with both outputs (output_a and output_b): there is nothing to judge."


def may_be_asked(round_: PreferenceRound) -> bool:
    return round_.source == "runs" or round_.closed_at is not None


def start(session: Session, access: Access, round_: PreferenceRound, new: NewJudge) -> RoundJudge:
    """Plan two calls for every pair that people are shown, and have a worker send them. Of imported votes once no more
    can come: Conflict before the close."""
    if not may_be_asked(round_):
        raise Conflict("More pairs may come in with the next file: close the round, then ask a judge about all of it.")
    pairs = queries.shown_pairs(session, round_.id)
    if not pairs:
        raise Invalid.field("model", NOTHING_CAME if round_.source == "import" else NOTHING_SHOWN)
    if len(queries.judges(session, round_.id)) >= MOST_JUDGES:
        raise Conflict(f"A round has at most {MOST_JUDGES} judges.")
    spec = providers.settled(session, access.project.id, parse_spec(_grader(round_, new)), "model")
    judge = RoundJudge(
        round_id=round_.id,
        grader=spec.snapshot(),
        status="queued",
        total=2 * len(pairs),
        budget=new.budget,
        created_by=access.user.id,
    )
    session.add(judge)
    session.flush()
    calls = [
        _call(access.project.id, judge.id, spec.definition.asks[0], f"{pair.pair_id}:{turn}", pair)
        for pair in pairs
        for turn in ("ab", "ba")
    ]
    estimates = [call["cost_estimate"] for call in calls]
    judge.estimate = None if None in estimates else sum(estimates)
    session.execute(insert(PaidCall), calls)
    record(session, "judge", "round", round_.id, actor_id=access.user.id, project_id=access.project.id, model=new.model)
    _enqueue(session, judge)
    return judge


def cancel(session: Session, judge: RoundJudge) -> None:
    """What is under way ends; what was answered stays."""
    session.refresh(judge, with_for_update=True)
    if judge.status not in LIVE:
        raise Conflict("This judge is not at work.")
    if judge.status == "queued":
        judge.status = "cancelled"
    judge.cancel_requested_at = utcnow()


def resume(session: Session, judge: RoundJudge) -> None:
    """Send what is planned and was not sent."""
    session.refresh(judge, with_for_update=True)
    if judge.status not in ("paused", "failed", "cancelled"):
        raise Conflict("There is nothing to resume.")
    judge.status, judge.error, judge.cancel_requested_at, judge.finished_at = "queued", None, None, None
    session.flush()
    _enqueue(session, judge)


def _grader(round_: PreferenceRound, new: NewJudge) -> dict[str, Any]:
    asked = "\n\n".join(part for part in (round_.criteria, round_.guideline) if part)
    fields = new.model_dump(include={"model", "provider", "price", "sampling_params"}, exclude_none=True)
    criteria = asked if new.criteria is None else new.criteria
    return {"type": "pairwise_model", "name": "judge", "against": "round", "criteria": criteria, **fields}


def _call(project_id: str, judge_id: str, ask: Ask, item: str, pair: Any) -> dict[str, Any]:
    body = body_of(ask, planning.MARK, "ab", pair.prompt, pair.text_a, pair.text_b)
    characters = sum(len(message["content"]) for message in body["messages"])
    return planning.call_of(project_id, judge_id, queries.PURPOSE, item, ask, characters)


def _enqueue(session: Session, judge: RoundJudge) -> None:
    enqueue(session, "preferences.judge", key=f"round-judge:{judge.id}", judge_id=judge.id)
