"""Typed context of the page that offers a version's exports and ready-to-train folders."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.datasets import version_queries as queries
from app.datasets.fits import Fit, Watch
from app.datasets.folder.targets import DEFAULT_MODEL, TARGETS
from app.datasets.formats import WRITERS
from app.datasets.models import DatasetVersion
from app.projects.access import Access
from app.web.forms import FormState
from app.web.words import plural

CHECKED_AT_ONCE = 20_000  # a larger version is looked at when somebody asks


@dataclass(frozen=True)
class FormatRow:
    """``fit``: None while nobody has looked."""

    name: str
    label: str
    holds: str
    limits: str
    fit: Fit | None
    none_fits: bool


@dataclass(frozen=True)
class ExportsPage:
    slug: str
    version_id: str
    version: str
    size: int
    paired: int
    formats: Sequence[FormatRow]
    targets: Sequence[tuple[str, str, str]]
    checked: bool
    check_now: bool
    answer: str
    form: FormState
    base_model: str = DEFAULT_MODEL
    title: str = "Export"


def exports(
    session: Session,
    access: Access,
    version: DatasetVersion,
    *,
    checked: bool = False,
    form: FormState | None = None,
) -> ExportsPage:
    """``checked``: look at every row now, for which formats it fits into."""
    paired = queries.paired(session, version.id)
    found: dict[str, Fit] = {}
    if checked:
        watch = Watch(list(WRITERS.values()), paired=paired == version.size)
        for _row in watch.over(queries.records(session, version.id)):
            pass
        found = watch.found
    rows = [
        FormatRow(
            writer.name,
            writer.label,
            writer.holds,
            writer.limits,
            Fit() if writer.check is None else found.get(writer.name),
            writer.name in found and found[writer.name].count == version.size,
        )
        for writer in WRITERS.values()
    ]
    pairs = f" {paired:,} have an answer that was not preferred." if paired else ""
    return ExportsPage(
        slug=access.project.slug,
        version_id=version.id,
        version=f"v{version.number} {version.name}",
        size=version.size,
        paired=paired,
        formats=rows,
        targets=[(target.name, target.label, target.hint) for target in TARGETS.values()],
        checked=checked,
        check_now=version.size <= CHECKED_AT_ONCE,
        form=form or FormState(),
        answer=f"{plural(version.size, 'frozen example')}, as a file or ready to train.{pairs}",
    )
