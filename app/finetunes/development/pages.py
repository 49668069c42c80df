"""What development runs showed, on a fine-tune's page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.finetunes.development import queries, results
from app.finetunes.development.results import Result
from app.finetunes.models import FineTune
from app.web.words import percent


@dataclass(frozen=True)
class Shown:
    """``figure``: "62.5 % (41–80, n = 24)"; ``live``: it is being asked."""

    figure: str
    live: bool
    problem: str


@dataclass(frozen=True)
class Development:
    """``by_checkpoint``: the latest run of each, by its id; ``final`` that of the final model. ``versions``: what a run
    may ask."""

    by_checkpoint: Mapping[str, Shown]
    final: Shown | None
    versions: Sequence[tuple[str, str]]

    @property
    def live(self) -> bool:
        return any(one.live for one in (*self.by_checkpoint.values(), *filter(None, [self.final])))


def of(session: Session, row: FineTune) -> Development:
    latest: dict[str | None, Shown] = {}
    for one in results.of(session, [row.id]):
        latest.setdefault(one.run.checkpoint_id, _shown(one))
    usable = queries.untrained_versions(session, row.project_id, row.dataset_version_id)
    return Development(
        by_checkpoint={key: shown for key, shown in latest.items() if key is not None},
        final=latest.get(None),
        versions=[(v.id, f"v{v.number} {v.name} – {v.size:,} examples") for v in usable],
    )


def _shown(found: Result) -> Shown:
    rate = found.rate
    figure = f"{found.batch.done} of {found.batch.total} asked" if found.live else "–"
    if not found.live and rate.low is not None and rate.high is not None:
        figure = f"{percent(rate.value)} ({rate.low * 100:.0f}–{rate.high * 100:.0f}, n = {rate.n:,})"
    return Shown(figure, found.live, found.batch.error or "")
