"""The worker's part of judging a trial."""

from collections.abc import Sequence

from sqlalchemy import select

from app.core.clock import utcnow
from app.core.db import transaction
from app.evals.graders import parse_spec
from app.evals.judges.work import JudgeWork
from app.evals.models import Output
from app.evals.playground import judging
from app.evals.playground.judging import PLACE
from app.evals.playground.models import PlaygroundJudging, PlaygroundTrial
from app.evals.runner.errors import LeaseLost
from app.evals.tries.asking import ask_judges


class TrialJudges(JudgeWork):
    """As for a run, but that the outputs are those of a trial: ``{batch}/{example}`` names one."""

    def __init__(self, trial: PlaygroundTrial) -> None:
        specs = [parse_spec(raw) for raw in trial.graders]
        super().__init__(trial.id, {ask.key: ask for spec in specs for ask in spec.definition.asks})

    def _load(self, output_ids: Sequence[str]) -> None:
        with transaction() as session:
            trial = session.get_one(PlaygroundTrial, self.run_id)
            # judges of pairs are no judges of trials: no other output stands beside these
            self.loaded = {name: (scope, Output()) for name, scope in judging.scopes(session, trial)}


async def run_judging(judging_id: str) -> None:
    """Ask for all that is planned. Cut off at any moment, it goes on from there."""
    await ask_judges(judging_id, PLACE, _load, _finish)


def _load(judging_id: str) -> JudgeWork:
    with transaction() as session:
        row = session.get_one(PlaygroundJudging, judging_id)
        return TrialJudges(session.get_one(PlaygroundTrial, row.trial_id))


def _finish(judging_id: str, lease: int) -> None:
    query = select(PlaygroundJudging).where(
        PlaygroundJudging.id == judging_id, PlaygroundJudging.lease == lease, PlaygroundJudging.status == "running"
    )
    with transaction() as session:
        row = session.scalar(query.with_for_update())
        if row is None:
            raise LeaseLost(judging_id)
        row.status, row.finished_at = "succeeded", utcnow()
