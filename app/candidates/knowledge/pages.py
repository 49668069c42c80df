"""Typed contexts of the knowledge pages."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from app.candidates.knowledge import queries, service
from app.candidates.knowledge.embedding.pages import Vectors, vectors
from app.candidates.knowledge.forms import LANGUAGES, Search
from app.candidates.knowledge.models import Collection, Document, DocumentVersion, KnowledgeUpload, Passage
from app.candidates.knowledge.ranking import HOW
from app.candidates.knowledge.rules import Found, totals
from app.candidates.models import Candidate
from app.core.settings import get_settings
from app.projects.access import Access
from app.web.forms import FormState
from app.web.words import plural

LIVE = ("queued", "running")
SHOWN_UPLOADS = 5
SHOWN_FOUND = 5
LANGUAGE_WORDS = [(name, "as written" if name == "simple" else name.capitalize()) for name in LANGUAGES]


@dataclass(frozen=True)
class ListPage:
    slug: str
    rows: Sequence[Any]
    can_change: bool
    form: FormState = field(default_factory=FormState)
    languages: Sequence[tuple[str, str]] = tuple(LANGUAGE_WORDS)
    title: str = "Knowledge"


@dataclass(frozen=True)
class UploadView:
    upload: KnowledgeUpload
    done: int
    sentence: str

    @property
    def live(self) -> bool:
        return self.upload.status in LIVE


@dataclass(frozen=True)
class Uploads:
    """What came last; the part of the page that is fetched again while something is being read."""

    slug: str
    collection: Collection
    uploads: Sequence[UploadView]
    can_change: bool

    @property
    def title(self) -> str:
        return self.collection.name

    @property
    def live(self) -> bool:
        return any(view.live for view in self.uploads)


@dataclass(frozen=True)
class Tried:
    """A search somebody tried: on what, and what came."""

    q: str
    as_of: str
    found: Sequence[Found]
    form: FormState
    ranking: str = ""
    way: str = ""
    note: str = ""
    unasked: bool = False


@dataclass(frozen=True)
class CollectionPage(Uploads):
    documents: Sequence[Any]
    candidates: Sequence[Candidate]
    tried: Tried
    form: FormState
    max_mb: int
    vectors: Vectors

    @property
    def answer(self) -> str:
        offered = [row for row in self.documents if row.removed_at is None]
        if not offered:
            return "No document yet."
        count = plural(sum(row.versions for row in offered), "dated version")
        newest = max(row.newest for row in offered)
        return f"{plural(len(offered), 'document')} in {count}; the newest holds from {newest.isoformat()}."


@dataclass(frozen=True)
class DocumentPage:
    slug: str
    collection: Collection
    document: Document
    versions: Sequence[DocumentVersion]
    chosen: DocumentVersion | None
    passages: Sequence[Passage]
    can_change: bool

    @property
    def title(self) -> str:
        return self.document.name


def listed(session: Session, access: Access, form: FormState | None = None) -> ListPage:
    rows = queries.listed(session, access.project.id)
    return ListPage(access.project.slug, rows, access.can("engineer"), form or FormState())


def uploads(session: Session, access: Access, collection: Collection) -> Uploads:
    views = [view(upload) for upload in queries.uploads(session, collection.id, SHOWN_UPLOADS)]
    return Uploads(access.project.slug, collection, views, access.can("engineer"))


def view(upload: KnowledgeUpload) -> UploadView:
    counted = totals(upload.files)
    said = [plural(counted["versions"], "new version"), plural(counted["passages"], "passage")]
    if counted["unchanged"]:
        said.append(f"{counted['unchanged']:,} unchanged")
    if counted["refused"]:
        said.append(f"{plural(counted['refused'], 'file')} refused")
    return UploadView(upload, counted["done"], " · ".join(said))


def one(
    session: Session,
    access: Access,
    collection: Collection,
    tried: Tried,
    form: FormState | None = None,
    vectors_form: FormState | None = None,
) -> CollectionPage:
    part = uploads(session, access, collection)
    return CollectionPage(
        slug=part.slug,
        collection=collection,
        uploads=part.uploads,
        can_change=part.can_change,
        documents=queries.documents(session, collection.id),
        candidates=queries.candidates(session, collection.id),
        tried=tried,
        form=form or FormState(),
        max_mb=get_settings().max_upload_mb,
        vectors=vectors(session, access, collection, vectors_form),
    )


def tried(session: Session, collection: Collection, q: str, as_of: date | None, how: str = "") -> Tried:
    day = as_of.isoformat() if as_of else ""
    if not q.strip():
        return Tried(q, day, [], FormState(), how)
    chosen = how if how in HOW and collection.embedding else None
    wanted = Search.model_validate({"q": q, "as_of": as_of, "top_k": SHOWN_FOUND, "ranking": chosen})
    looked = service.look(session, collection, wanted)
    return Tried(q, day, looked.found, FormState(), how, HOW[looked.how], looked.note, looked.unasked)


def document(
    session: Session, access: Access, collection: Collection, document: Document, version_id: str | None
) -> DocumentPage:
    """Of the version named, or of the newest."""
    versions = queries.versions(session, document.id)
    chosen = next((one for one in versions if one.id == version_id), versions[0] if versions else None)
    passages = queries.passages(session, chosen.id) if chosen else []
    return DocumentPage(access.project.slug, collection, document, versions, chosen, passages, access.can("engineer"))
