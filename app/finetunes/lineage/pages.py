"""Typed contexts of lineage: a version's rows with who approved them, and an example's uses."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from app.datasets.models import DatasetVersion
from app.examples.models import Example
from app.finetunes.lineage import queries
from app.finetunes.lineage.approvals import Approval, Sign, approval
from app.finetunes.lineage.queries import Origin
from app.finetunes.models import FineTune
from app.projects.access import Access
from app.web.words import plural

PAGE = 50


@dataclass(frozen=True)
class Model:
    """A fine-tune, and the candidate that it made if it came so far."""

    fine_tune_id: str
    number: int
    base_model: str
    status: str
    fine_tuned_model: str | None
    candidate_id: str | None
    candidate: str | None
    version_id: str


@dataclass(frozen=True)
class Row:
    origin: Origin
    approval: Approval


@dataclass(frozen=True)
class LineagePage:
    slug: str
    version: DatasetVersion
    models: Sequence[Model]
    rows: Sequence[Row]
    unreviewed: int
    older: str | None
    answer: str

    @property
    def title(self) -> str:
        return f"Lineage of v{self.version.number}"


@dataclass(frozen=True)
class VersionUse:
    id: str
    number: int
    name: str
    revision: int
    models: Sequence[Model]


@dataclass(frozen=True)
class CaseUse:
    set_id: str
    set_name: str
    sealed_at: datetime | None
    case_id: str


@dataclass(frozen=True)
class UsesPage:
    slug: str
    example: Example
    versions: Sequence[VersionUse]
    cases: Sequence[CaseUse]
    answer: str

    @property
    def title(self) -> str:
        return f"What used example #{self.example.number}"

    @property
    def models(self) -> Sequence[Model]:
        return [model for version in self.versions for model in version.models]


def lineage(session: Session, access: Access, version: DatasetVersion, cursor: str | None = None) -> LineagePage:
    rows, next_cursor = approved_rows(session, access.project.id, version, cursor, PAGE)
    found = models(session, [version.id])
    unreviewed = queries.unrecorded(session, version)
    return LineagePage(
        slug=access.project.slug,
        version=version,
        models=found,
        rows=rows,
        unreviewed=unreviewed,
        older="?" + urlencode({"cursor": next_cursor}) if next_cursor else None,
        answer=_answer(version, found, unreviewed),
    )


def approved_rows(
    session: Session, project_id: str, version: DatasetVersion, cursor: str | None, limit: int
) -> tuple[list[Row], str | None]:
    """(rows in the order of the version, cursor of the next page)."""
    found = queries.origins(session, version.id, cursor, limit)
    signs: dict[str, list[Sign]] = defaultdict(list)
    for sign in queries.signs(session, project_id, [row.example_id for row in found.items], version.created_at):
        signs[sign.example_id].append(sign)
    return [Row(row, approval(signs[row.example_id], row.revision)) for row in found.items], found.next_cursor


def models(session: Session, version_ids: Sequence[str]) -> list[Model]:
    return [_model(tune, name) for tune, name in queries.trained_on(session, version_ids)]


def _model(tune: FineTune, candidate: str | None) -> Model:
    return Model(
        tune.id,
        tune.number,
        tune.base_model,
        tune.status,
        tune.fine_tuned_model,
        tune.candidate_id,
        candidate,
        tune.dataset_version_id,
    )


def _answer(version: DatasetVersion, found: Sequence[Model], unreviewed: int) -> str:
    trained = f"{plural(len(found), 'fine-tune')} learned from it" if found else "No fine-tune learned from it yet"
    if not unreviewed:
        return f"{trained}; each of its {version.size:,} examples was approved in review as it stands."
    return f"{trained}; {unreviewed:,} of its {version.size:,} examples were not approved in review as they stand."


def uses(session: Session, access: Access, example_id: str) -> UsesPage:
    """Every version, model and test set that has the example, whether it is deleted or not."""
    example = queries.example(session, access.project.id, example_id)
    frozen = queries.versions_with(session, example.id)
    found = models(session, [version.id for version, _revision in frozen])
    versions = [
        VersionUse(v.id, v.number, v.name, revision, [model for model in found if model.version_id == v.id])
        for v, revision in frozen
    ]
    cases = [CaseUse(*row) for row in queries.cases_of(session, example.id)]
    return UsesPage(access.project.slug, example, versions, cases, _uses(example, versions, found, cases))


def _uses(example: Example, versions: Sequence[VersionUse], found: Sequence[Model], cases: Sequence[CaseUse]) -> str:
    parts = [(len(versions), "dataset version"), (len(found), "fine-tune"), (len(cases), "test set")]
    said = ", ".join(plural(number, word) for number, word in parts if number)
    if example.deleted_at is None:
        return f"It stands in {said}." if said else "Nothing was frozen or trained with it yet."
    if not said:
        return "Deleted; nothing had used it."
    return f"Deleted: no later version has it. What had it before still does: {said}."
