"""What development runs showed: by example whether it passed, and the share that did."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Row
from sqlalchemy.orm import Session

from app.annotation.assist.models import ModelBatch
from app.core.stats.rates import wilson
from app.core.stats.results import Estimate
from app.evals.graders import parse_spec
from app.evals.playground import queries as playground
from app.evals.playground.grading import grades
from app.finetunes.development import queries
from app.finetunes.development.models import DevelopmentRun


@dataclass(frozen=True)
class Result:
    """``passed``: by example, all graders passed; one that was not answered has not passed. ``rate`` is over those that
    are done."""

    run: DevelopmentRun
    batch: ModelBatch
    passed: dict[str, bool]
    rate: Estimate

    @property
    def complete(self) -> bool:
        return self.batch.status == "succeeded"

    @property
    def live(self) -> bool:
        return self.batch.status in ("queued", "running")


def of(session: Session, fine_tune_ids: Sequence[str]) -> list[Result]:
    """Of every run of these fine-tunes, the latest first."""
    return _results(session, queries.of(session, fine_tune_ids))


def _results(session: Session, found: Sequence[Row[DevelopmentRun, ModelBatch]]) -> list[Result]:
    specs = {batch.id: [parse_spec(raw) for raw in run.graders] for run, batch in found}
    passed: dict[str, dict[str, bool]] = defaultdict(dict)
    for item, _example, content in playground.items(session, list(specs)):
        given = grades(item, content, specs[item.batch_id])
        if given or item.state == "lost":
            passed[item.batch_id][item.example_id] = bool(given) and all(grade.passed is True for _name, grade in given)
    return [
        Result(run, batch, passed[batch.id], wilson(sum(passed[batch.id].values()), len(passed[batch.id])))
        for run, batch in found
    ]
