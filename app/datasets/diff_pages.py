"""Typed context of the page that compares two dataset versions."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from app.datasets import diff_queries as queries
from app.datasets import version_queries
from app.datasets.diff_queries import Change, Kind
from app.datasets.models import DatasetVersion
from app.examples.compare_pages import PartView, between
from app.examples.differences import MessageChange
from app.examples.models import Example
from app.projects.access import Access
from app.web.words import plural

ROWS, CHANGED_ROWS, OTHERS = 50, 10, 200


@dataclass(frozen=True)
class Edited:
    """A changed example, word by word; messages that are the same in both are counted, not shown."""

    change: Change
    messages: Sequence[MessageChange]
    same: int
    parts: Sequence[PartView]


@dataclass(frozen=True)
class DiffPage:
    slug: str
    version_id: str
    version: str
    against_id: str
    against: str
    others: Sequence[tuple[str, str]]
    kind: str
    counts: dict[str, int]
    rows: Sequence[Change]
    edited: Sequence[Edited]
    older: str | None
    answer: str

    @property
    def title(self) -> str:
        return f"{self.version} against {self.against}"


def diff(
    session: Session,
    access: Access,
    version: DatasetVersion,
    against: DatasetVersion,
    kind: Kind | None,
    cursor: str | None,
) -> DiffPage:
    counts = queries.counts(session, version.id, against.id)
    shown = kind if kind else _first(counts)
    limit = CHANGED_ROWS if shown == "changed" else ROWS
    found = queries.page(session, version.id, against.id, shown, cursor, limit)
    others = version_queries.versions(session, access.project.id, None, OTHERS).items
    keep = {"against": against.id, "kind": shown}
    return DiffPage(
        slug=access.project.slug,
        version_id=version.id,
        version=f"v{version.number}",
        against_id=against.id,
        against=f"v{against.number}",
        others=[(other.id, f"v{other.number} {other.name}") for other in others if other.id != version.id],
        kind=shown,
        counts=counts,
        rows=found.items,
        edited=[_edited(session, change) for change in found.items] if shown == "changed" else [],
        older="?" + urlencode(keep | {"cursor": found.next_cursor}) if found.next_cursor else None,
        answer=_answer(counts, version, against),
    )


def _first(counts: dict[str, int]) -> Kind:
    """What there is something of, edits first."""
    for kind in reversed(queries.KINDS):
        if counts[kind]:
            return kind
    return "changed"


def _edited(session: Session, change: Change) -> Edited:
    example = session.get_one(Example, change.example_id)
    found = between(session, example, change.there or 1, change.here or 1)
    shown = [message for message in found.messages if not message.same]
    return Edited(change, shown, len(found.messages) - len(shown), found.parts)


def _answer(counts: dict[str, int], version: DatasetVersion, against: DatasetVersion) -> str:
    if not any(counts.values()):
        return "No difference: the same revisions of the same examples."
    said = f"{plural(counts['added'], 'example')} more, {counts['removed']:,} gone, {counts['changed']:,} edited"
    return f"{said}: {against.size:,} examples became {version.size:,}."
