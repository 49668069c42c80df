"""Typed contexts of the dataset version pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from app.accounts import queries as accounts
from app.datasets import version_queries as queries
from app.datasets import versions
from app.datasets.models import DatasetVersion
from app.datasets.rules import Exclusion
from app.examples.forms import ExampleFilter
from app.examples.models import BEHAVIORS, STATUSES
from app.examples.rules import answer_preview, request_preview
from app.projects.access import Access
from app.web.forms import FormState
from app.web.words import plural

PAGE = 50
SHOWN = 100  # of a difference, or of what was left out for one reason


@dataclass(frozen=True)
class VersionRow:
    id: str
    number: int
    name: str
    size: int
    content_hash: str
    filters: Mapping[str, str]
    created_at: datetime
    who: str


@dataclass(frozen=True)
class ListPage:
    slug: str
    answer: str
    versions: Sequence[VersionRow]
    can_change: bool
    older: str | None
    title: str = "Dataset versions"


@dataclass(frozen=True)
class FreezePage:
    slug: str
    size: int
    reasons: Sequence[tuple[str, int]]
    excluded: Sequence[Exclusion]
    filters: Mapping[str, str]
    form: FormState
    suggested: str
    statuses: Sequence[str] = STATUSES
    behaviors: Sequence[str] = BEHAVIORS
    title: str = "Freeze a version"


@dataclass(frozen=True)
class ItemRow:
    position: int
    number: int
    example_id: str
    revision: int
    request: str
    answer: str
    behavior: str | None
    tags: Sequence[str]


@dataclass(frozen=True)
class VersionPage:
    slug: str
    version: VersionRow
    items: Sequence[ItemRow]
    reasons: Sequence[tuple[str, int]]
    reason: str
    excluded: Sequence[Exclusion]
    others: Sequence[tuple[str, str]]
    latest_other: str | None
    intact: bool | None  # None: not asked
    erased: int  # rows that are tombstones
    older: str | None
    answer: str
    can_change: bool

    @property
    def title(self) -> str:
        return f"v{self.version.number} {self.version.name}"


def version_list(session: Session, access: Access, cursor: str | None) -> ListPage:
    found = queries.versions(session, access.project.id, cursor, PAGE)
    rows = _rows(session, found.items)
    answer = "What exactly was trained on: a list that cannot change, with the hash of the bytes."
    if rows and not cursor:
        answer = f"The latest is v{rows[0].number} with {plural(rows[0].size, 'example')}."
    older = f"?cursor={found.next_cursor}" if found.next_cursor else None
    return ListPage(access.project.slug, answer, rows, access.can("engineer"), older)


def freeze(session: Session, access: Access, wanted: ExampleFilter, form: FormState | None = None) -> FreezePage:
    planned = versions.plan(session, access.project.id, wanted)
    number = queries.next_number(session, access.project.id)
    chosen = {name: str(value) for name, value in wanted.model_dump(exclude_none=True).items()}
    return FreezePage(
        slug=access.project.slug,
        size=planned.size,
        reasons=planned.kinds,
        excluded=planned.excluded,
        filters={"status": "", "tag": "", "behavior": "", "q": ""} | chosen,
        form=form or FormState(),
        suggested=f"Version {number}",
    )


def one(
    session: Session,
    access: Access,
    version: DatasetVersion,
    *,
    cursor: str | None = None,
    reason: str = "",
    intact: bool | None = None,
) -> VersionPage:
    found = queries.items(session, version.id, cursor, PAGE)
    reasons = list(queries.exclusion_kinds(session, version.id).items())
    others = queries.versions(session, access.project.id, None, PAGE).items
    (row,) = _rows(session, [version])
    left_out = plural(sum(number for _kind, number in reasons), "example")
    return VersionPage(
        slug=access.project.slug,
        version=row,
        items=[
            ItemRow(
                position,
                number,
                revision.example_id,
                revision.number,
                request_preview(revision.messages),
                answer_preview(revision.messages, revision.expected),
                revision.behavior,
                revision.tags,
            )
            for position, number, revision in found.items
        ],
        reasons=reasons,
        reason=reason,
        excluded=queries.exclusions(session, version.id, SHOWN, reason) if reason else [],
        others=[(other.id, f"v{other.number} {other.name}") for other in others if other.id != version.id],
        latest_other=next((other.id for other in others if other.number < version.number), None),
        intact=intact,
        erased=versions.erased_rows(session, version),
        older="?" + urlencode({"cursor": found.next_cursor}) if found.next_cursor else None,
        answer=f"{plural(row.size, 'example')} to train on; {left_out} that matched the filters were left out.",
        can_change=access.can("engineer"),
    )


def _rows(session: Session, found: Sequence[DatasetVersion]) -> list[VersionRow]:
    names = accounts.names(session, {version.created_by for version in found if version.created_by})
    return [
        VersionRow(
            version.id,
            version.number,
            version.name,
            version.size,
            version.content_hash,
            {name: str(value) for name, value in version.filters.items()},
            version.created_at,
            names.get(version.created_by or "", "somebody"),
        )
        for version in found
    ]
