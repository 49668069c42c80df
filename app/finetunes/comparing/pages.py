"""Typed context of the comparison: a column for each run, a row for each setting and figure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.core.errors import Invalid
from app.finetunes import queries, standing
from app.finetunes.curves import points as curves
from app.finetunes.curves.points import Plot, Point
from app.finetunes.development import pages as development
from app.finetunes.material import queries as materials
from app.finetunes.models import FineTune
from app.gateway.queries import by_id
from app.projects.access import Access
from app.web.words import duration, money

LEAST, MOST = 2, 6
METHOD = {"lora": "LoRA", "qlora": "QLoRA", "full": "Full", "api": "API"}


@dataclass(frozen=True)
class Line:
    """A setting or a figure: one cell a run. ``differs``: they are not all alike."""

    label: str
    cells: Sequence[str]
    best: int | None = None

    @property
    def differs(self) -> bool:
        return len(set(self.cells)) > 1


@dataclass(frozen=True)
class ComparePage:
    slug: str
    runs: Sequence[FineTune]
    settings: Sequence[Line]
    results: Sequence[Line]
    plots: Sequence[Plot]
    points: Sequence[Point]
    title: str = "Compare fine-tunes"

    @property
    def alike(self) -> int:
        return sum(not line.differs for line in self.settings)


def compare(session: Session, access: Access, run_ids: Sequence[str]) -> ComparePage:
    """Raises Invalid for fewer than two or more than six; NotFound for one of another project."""
    wanted = list(dict.fromkeys(run_ids))
    if not LEAST <= len(wanted) <= MOST:
        raise Invalid.field("run", f"Choose {LEAST} to {MOST} fine-tunes to compare.")
    runs = [queries.fine_tune(session, access.project.id, one) for one in wanted]
    seen = [curves.merged(queries.metrics(session, run.id)) for run in runs]
    plots, points = _curves(runs, seen)
    return ComparePage(
        slug=access.project.slug,
        runs=runs,
        settings=_lines([_settings(session, run) for run in runs]),
        results=_results(session, runs, seen),
        plots=plots,
        points=points,
    )


def _settings(session: Session, run: FineTune) -> dict[str, str]:
    version, kept = queries.version(session, run.dataset_version_id), materials.validation(session, run.id)
    if kept is None:
        validated = "nothing"
    elif kept.dataset_version_id:
        validated = f"version v{queries.version(session, kept.dataset_version_id).number}"
    else:
        validated = f"{kept.share:.0%} held back"
    return {
        "Version": f"v{version.number}, {version.size:,} examples",
        "Base model": run.base_model,
        "Provider": by_id(session, run.provider_id).name,
        "Method": METHOD[run.method],
        "Objective": "DPO" if run.objective == "dpo" else "Supervised",
        "Validated with": validated,
    } | dict(standing.settings(run))


def _lines(columns: Sequence[Mapping[str, str]]) -> list[Line]:
    labels = dict.fromkeys(label for column in columns for label in column)
    return [Line(label, [column.get(label, "–") for column in columns]) for label in labels]


def _results(session: Session, runs: Sequence[FineTune], seen: Sequence[Sequence[Point]]) -> list[Line]:
    def figures(field: str) -> list[float | None]:
        return [min((p[field] for p in points if p[field] is not None), default=None) for points in seen]

    valid = figures("valid_loss")
    known = [value for value in valid if value is not None]
    best = valid.index(min(known)) if len(known) > 1 else None
    took = [
        duration((run.finished_at - run.started_at).total_seconds()) if run.finished_at and run.started_at else "–"
        for run in runs
    ]
    found = [
        Line("Status", [run.status.replace("_", " ") for run in runs]),
        Line("Steps", [f"{run.step:,}" if run.step else "–" for run in runs]),
        Line("Lowest training loss", [_loss(value) for value in figures("train_loss")]),
        Line("Lowest validation loss", [_loss(value) for value in valid], best),
        Line("Peak memory", [_gib(points) for points in seen]),
        Line("Trained tokens", [f"{run.trained_tokens:,}" if run.trained_tokens else "–" for run in runs]),
        Line("Time", took),
        Line("Cost", [money(run.cost) if run.cost is not None else "–" for run in runs]),
        Line("Development examples", [_developed(session, run) for run in runs]),
    ]
    return [line for line in found if any(cell != "–" for cell in line.cells)]


def _developed(session: Session, run: FineTune) -> str:
    final = development.of(session, run).final
    return final.figure if final else "–"


def _loss(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _gib(points: Sequence[Point]) -> str:
    most = max((p["memory"] for p in points if p["memory"] is not None), default=None)
    return "–" if most is None else f"{most:.2f} GiB"


def _curves(runs: Sequence[FineTune], seen: Sequence[Sequence[Point]]) -> tuple[list[Plot], list[Point]]:
    """Both losses of every run by step, on one axis each."""
    steps: dict[int, Point] = {}
    fields = [f"{kind}_{number}" for number in range(len(runs)) for kind in ("train_loss", "valid_loss")]
    for number, points in enumerate(seen):
        for found in curves.thinned(points, 300):
            step = steps.setdefault(found["step"], {"step": found["step"]} | dict.fromkeys(fields))
            step |= {f"{kind}_{number}": found[kind] for kind in ("train_loss", "valid_loss")}

    def plot(kind: str, title: str) -> Plot:
        series: list[Any] = [(f"{kind}_{number}", f"fine-tune {run.number}", 4) for number, run in enumerate(runs)]
        return Plot(title, "lower is better", series)

    both = [plot("train_loss", "Training loss"), plot("valid_loss", "Validation loss")]
    merged = [steps[step] for step in sorted(steps)]
    drawn = [one for one in both if any(p[field] is not None for p in merged for field, _w, _d in one.series)]
    return drawn, merged
