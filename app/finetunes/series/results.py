"""What the fine-tunes of a series showed."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.finetunes import queries as tunes
from app.finetunes.curves.points import merged
from app.finetunes.development import results as development
from app.finetunes.development.results import Result
from app.finetunes.models import FineTune
from app.finetunes.rules import ENDED
from app.finetunes.series import queries, rules
from app.finetunes.series.models import FineTuneSeries, FineTuneSeriesMember
from app.finetunes.series.rules import Contender, Measured, Outlook


@dataclass(frozen=True)
class Member:
    """``examples``: trained on. ``loss``: the lowest validation loss. ``waiting``: its turn has not come."""

    row: FineTuneSeriesMember
    tune: FineTune
    examples: int
    loss: float | None
    result: Result | None

    @property
    def waiting(self) -> bool:
        return self.row.started_at is None and self.tune.status not in ENDED

    @property
    def differs(self) -> dict[str, Any]:
        return self.row.differs

    @property
    def live(self) -> bool:
        return self.tune.status not in ENDED or (self.result is not None and self.result.live)


@dataclass(frozen=True)
class Shown:
    """``best``: the fine-tune that the development examples, then the validation loss speak for."""

    members: Sequence[Member]
    best: str | None
    outlook: Outlook | None

    @property
    def live(self) -> bool:
        return any(one.live for one in self.members)


def of(session: Session, found: FineTuneSeries) -> Shown:
    rows = queries.members(session, found.id)
    measured: dict[str, Result] = {}
    for one in development.of(session, [tune.id for _member, tune, _version in rows]):
        if one.run.dataset_version_id == found.development_version_id and one.run.checkpoint_id is None:
            measured.setdefault(one.run.fine_tune_id, one)
    losses = _lowest(session, [tune.id for _member, tune, _version in rows])
    members = [
        Member(member, tune, version.size, losses.get(tune.id), measured.get(tune.id)) for member, tune, version in rows
    ]
    if found.purpose == "learning_curve":
        return Shown(members, None, rules.outlook([_point(one) for one in members if _complete(one)]))
    done = [one for one in members if one.tune.status == "succeeded"]
    rated = [
        Contender(one.tune.id, one.result.rate.value if _complete(one) and one.result else None, one.loss)
        for one in done
    ]
    return Shown(members, rules.best(rated), None)


def _complete(one: Member) -> bool:
    return one.result is not None and one.result.complete


def _point(one: Member) -> Measured:
    return Measured(one.examples, one.result.passed if one.result else {})


def _lowest(session: Session, fine_tune_ids: Sequence[str]) -> dict[str, float]:
    """The lowest validation loss by fine-tune, where one was measured."""
    said = defaultdict(list)
    for fine_tune_id, data in tunes.validations(session, fine_tune_ids):
        said[fine_tune_id].append(data)
    known = {one: [p["valid_loss"] for p in merged(data) if p["valid_loss"] is not None] for one, data in said.items()}
    return {one: min(losses) for one, losses in known.items() if losses}
