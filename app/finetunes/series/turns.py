"""Whose turn it is in a series: a few train at a time, each once the budget has room for it, and each is measured."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.core.clock import utcnow
from app.core.errors import HoldoutError
from app.finetunes.development import service as development
from app.finetunes.development.forms import NewDevelopmentRun
from app.finetunes.models import FineTune
from app.finetunes.rules import ENDED
from app.finetunes.series import queries
from app.finetunes.series.models import FineTuneSeries, FineTuneSeriesMember
from app.jobs.queue import enqueue
from app.projects.access import Access
from app.projects.models import Project
from app.web.words import money

AT_ONCE = 2  # the actual cost of these is not known yet when the next one's turn is decided


def after(session: Session, row: FineTune) -> None:
    """A fine-tune has ended: measure it and go on, if it is part of a series. In the transaction of its end."""
    member = queries.member_of(session, row.id)
    if member is None:
        return
    found = session.scalars(select(FineTuneSeries).where(FineTuneSeries.id == member.series_id).with_for_update()).one()
    session.flush()
    if row.status == "succeeded":
        _measure(session, found, member, row)
    advance(session, found)


def _measure(session: Session, found: FineTuneSeries, member: FineTuneSeriesMember, row: FineTune) -> None:
    user, project = session.get(User, found.created_by), session.get_one(Project, found.project_id)
    if user is None:
        member.problem = "Who began the series is gone."
        return
    wanted = NewDevelopmentRun(
        dataset_version_id=found.development_version_id, graders=[dict(one) for one in _definitions(found)]
    )
    try:
        development.start(session, Access(user, project, "engineer"), row, wanted)
    except HoldoutError as error:
        member.problem = str(error)


def _definitions(found: FineTuneSeries) -> list[dict[str, object]]:
    names = ("name", "definition", "metric", "pass_threshold")
    return [{name: one[name] for name in names if name in one} for one in found.graders]


def advance(session: Session, found: FineTuneSeries) -> None:
    """Launch what may be launched now. ``found`` is locked."""
    rows = queries.members(session, found.id)
    if found.stopped is None:
        spent = queries.measuring_cost(session, found.id)
        spent += sum(_cost(tune) for member, tune, _version in rows if member.started_at is not None)
        training = sum(member.started_at is not None and tune.status not in ENDED for member, tune, _version in rows)
        for member, tune, _version in rows:
            if member.started_at is not None or tune.status in ENDED:
                continue
            if found.budget is not None and spent + _cost(tune) > found.budget:
                found.stopped = (
                    f"The budget of {money(found.budget)} has no room for the next one: {money(spent)} is spent or "
                    f"under way, and it would cost about {money(_cost(tune))}."
                )
                break
            if training >= AT_ONCE:
                return
            member.started_at, training, spent = utcnow(), training + 1, spent + _cost(tune)
            enqueue(session, "finetunes.run", key=f"fine-tune:{tune.id}", fine_tune_id=tune.id)
    if found.stopped is not None:
        drop_waiting(session, found)


def drop_waiting(session: Session, found: FineTuneSeries) -> None:
    """What has not had its turn never will: nothing was sent of it."""
    for member, tune, _version in queries.members(session, found.id):
        if member.started_at is None and tune.status not in ENDED:
            tune.status, tune.error, tune.finished_at = "cancelled", found.stopped, utcnow()


def _cost(tune: FineTune) -> float:
    """What it cost, or is reckoned to."""
    known = tune.cost if tune.cost is not None else tune.estimate.get("cost")
    return 0.0 if tune.status == "cancelled" and tune.provider_job_id is None else float(known or 0.0)
