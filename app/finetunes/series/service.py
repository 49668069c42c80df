"""Verbs of series: start, cancel."""

from typing import Any

from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.core.errors import Conflict, Invalid
from app.datasets import parts, versions
from app.datasets.models import DatasetVersion
from app.finetunes import service as tunes
from app.finetunes.development import service as development
from app.finetunes.forms import NewFineTune
from app.finetunes.models import FineTune
from app.finetunes.rules import ENDED
from app.finetunes.series import queries, rules, turns
from app.finetunes.series.forms import MOST, NewSeries
from app.finetunes.series.models import FineTuneSeries, FineTuneSeriesMember
from app.projects.access import Access
from app.web.words import money

Plan = list[tuple[dict[str, Any], DatasetVersion]]
SAME = ("provider_id", "base_model", "method", "training_price", "override_reason")


def start(session: Session, access: Access, new: NewSeries) -> FineTuneSeries:
    """Divide the version, check every launch as one by itself is checked, and begin with the first ones.

    Invalid names a field; Conflict says what stands in the way, the budget included. Must not run inside a savepoint.
    """
    grid = rules.combinations(new.grid.model_dump())
    if new.purpose == "sweep" and not 2 <= len(grid) <= MOST:
        raise Invalid.field("grid", f"The grid has {len(grid)} combinations: name 2 to {MOST}.")
    version = versions.load(session, access.project.id, new.dataset_version_id)
    shares = new.shares if new.purpose == "learning_curve" else [1.0]
    parted = parts.divide(session, access.user, version, validation=new.held_back, shares=shares, seed=new.seed)
    largest, held = parted.training[-1][1], parted.validation
    specs = development.checked(session, access, largest.id, held.id, new.graders)
    found = FineTuneSeries(
        project_id=access.project.id,
        purpose=new.purpose,
        dataset_version_id=version.id,
        development_version_id=held.id,
        graders=[spec.snapshot() for spec in specs],
        budget=new.budget,
        created_by=access.user.id,
    )
    session.add(found)
    session.flush()
    plan: Plan = [({"share": share}, part) for share, part in parted.training]
    if new.purpose == "sweep":
        plan = [(differs, largest) for differs in grid]
    rows = [_member(session, access, new, found, place, one) for place, one in enumerate(plan)]
    _within(new.budget, rows)
    facts = {"purpose": new.purpose.replace("_", " "), "fine_tunes": len(rows), "version": f"v{version.number}"}
    record(session, "start", "series", found.id, actor_id=access.user.id, project_id=found.project_id, **facts)
    turns.advance(session, found)
    return found


def _member(
    session: Session,
    access: Access,
    new: NewSeries,
    found: FineTuneSeries,
    place: int,
    planned: tuple[dict[str, Any], DatasetVersion],
) -> FineTune:
    differs, version = planned
    settings = rules.with_settings(new.hyperparameters.model_dump(exclude_none=True), differs)
    data = {"dataset_version_id": version.id, "validation_version_id": found.development_version_id}
    same = {name: getattr(new, name) for name in SAME}
    wanted = NewFineTune.model_validate(same | data | {"hyperparameters": settings})
    row = tunes.launch(session, access, wanted, waits=True)
    session.flush()
    session.add(FineTuneSeriesMember(fine_tune_id=row.id, series_id=found.id, position=place, differs=differs))
    session.flush()
    return row


def _within(budget: float | None, rows: list[FineTune]) -> None:
    if budget is None:
        return
    costs = [row.estimate.get("cost") for row in rows]
    if None in costs:
        raise Invalid.field("budget", "A budget needs the price of training: without it nothing can be counted.")
    total = sum(float(cost or 0.0) for cost in costs)
    if total > budget:
        said = f"Over the budget: training all {len(rows)} will cost about {money(total)}, and it is {money(budget)}."
        raise Conflict(said)


def cancel(session: Session, access: Access, found: FineTuneSeries) -> None:
    """End what trains, and never begin what waits. ``found`` is locked."""
    rows = [tune for _member, tune, _version in queries.members(session, found.id) if tune.status not in ENDED]
    if not rows:
        raise Conflict("Every fine-tune of this series has ended already.")
    found.stopped = f"Cancelled by {access.user.name or access.user.email}."
    turns.drop_waiting(session, found)
    for row in rows:
        if row.status not in ENDED:
            tunes.cancel(session, access, tunes.editable(session, access, row.id))
    record(session, "cancel", "series", found.id, actor_id=access.user.id, project_id=found.project_id)
