"""Typed contexts of the import pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from app.core.errors import Invalid
from app.core.settings import get_settings
from app.examples import import_queries
from app.examples.models import Import, ImportRejection
from app.examples.preview import Preview, look
from app.projects.access import Access
from app.web.forms import FormState

SHOWN_REJECTIONS = 50
LIVE = ("queued", "running")
# the fields of a mapping as the form asks for them: (name, label, hint)
FIELDS = (
    ("user", "Request", "The column with what the user asked"),
    ("assistant", "Answer", "The column with the answer that production should give"),
    ("label", "Label", "For classification and routing"),
    ("behavior", "Expected behaviour", "answer, refuse, clarify or escalate"),
    ("group", "Group", "Rows of one customer or thread stay on one side of a split"),
)


@dataclass(frozen=True)
class ListPage:
    slug: str
    rows: Sequence[Import]
    waiting: Sequence[Import]
    older: str | None
    cursor: str | None
    can_import: bool
    title: str = "Imports"


@dataclass(frozen=True)
class NewPage:
    slug: str
    max_mb: int
    form: FormState = field(default_factory=FormState)
    title: str = "Import examples"


@dataclass(frozen=True)
class PreviewPage:
    slug: str
    source: Import
    preview: Preview
    mapping: Mapping[str, Any]
    form: FormState
    fields: Sequence[tuple[str, str, str]] = FIELDS

    @property
    def title(self) -> str:
        return self.source.file_name


@dataclass(frozen=True)
class ImportPage:
    slug: str
    source: Import
    rejections: Sequence[ImportRejection]
    kept: int  # examples of it that an undo would keep, because they are in use
    left: int
    can_change: bool

    @property
    def title(self) -> str:
        return self.source.file_name

    @property
    def live(self) -> bool:
        return self.source.status in LIVE


def listed(session: Session, access: Access, cursor: str | None) -> ListPage:
    found = import_queries.page(session, access.project.id, cursor, 25)
    waiting = import_queries.uploaded(session, access.project.id)
    return ListPage(access.project.slug, found.items, waiting, found.next_cursor, cursor, access.can("engineer"))


def new(access: Access, form: FormState | None = None) -> NewPage:
    return NewPage(access.project.slug, get_settings().max_upload_mb, form or FormState())


def preview(
    access: Access, source: Import, mapping: dict[str, Any] | None, form: FormState | None = None
) -> PreviewPage:
    """What would come in with this mapping; a mapping that is wrong falls back to the suggested one, and says so."""
    path = get_settings().uploads / source.stored_name
    try:
        seen = look(path, source.format, mapping or source.mapping)
    except Invalid as error:
        seen = look(path, source.format)
        form = form or FormState(mapping or {}, at_fields(error), str(error))
    return PreviewPage(access.project.slug, source, seen, mapping or seen.mapping or {}, form or FormState())


def at_fields(error: Invalid) -> dict[str, str]:
    """Messages by field of the form: ``mapping.tags.0`` belongs to the field ``tags``."""
    return {e.loc.removeprefix("mapping.").split(".")[0]: e.msg for e in error.errors}


def one(session: Session, access: Access, source: Import) -> ImportPage:
    left, kept = import_queries.living(session, source.id)
    rejected = import_queries.rejections(session, source.id, SHOWN_REJECTIONS)
    return ImportPage(access.project.slug, source, rejected, kept, left, access.can("engineer"))
