"""Collections under ``/api/v1``."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import BaseModel
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from app.candidates.knowledge import queries, service
from app.candidates.knowledge.forms import MOST_FOUND, NewCollection, Search
from app.candidates.knowledge.models import DocumentVersion, KnowledgeUpload
from app.candidates.knowledge.ranking import How
from app.candidates.knowledge.receiving import MOST_FILES, take
from app.candidates.knowledge.rules import Found, totals
from app.core.db import transaction
from app.examples.uploads import receive
from app.projects.access import Engineer, Viewer, project_access
from app.web.idempotency import api_router
from app.web.paging import ListAnswer
from app.web.session import SessionDep
from app.web.sse import Event, event_stream

router = api_router("knowledge")
BASE = "/projects/{slug}/collections"
ONE = BASE + "/{collection_id}"
DOCUMENT = ONE + "/documents/{document_id}"
UPLOAD = ONE + "/uploads/{upload_id}"
OVER = ("succeeded", "failed", "cancelled")
SHOWN = 200
recheck = project_access("viewer")
OPENAPI: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "array",
                            "items": {"type": "string", "format": "binary"},
                            "description": f"Up to {MOST_FILES} parts of this name: Markdown, HTML, PDF, plain text, "
                            "or JSONL of versions with `path`, `date` and `text`.",
                        },
                        "dated": {
                            "type": "string",
                            "format": "date",
                            "description": "From when on they hold; today where it is left out.",
                        },
                    },
                }
            }
        },
    }
}


class CollectionOut(BaseModel):
    """What is offered to new searches; ``candidates`` search a state of it that stays as it was."""

    id: str
    name: str
    language: str
    documents: int
    versions: int
    newest: date | None
    candidates: int
    archived_at: datetime | None
    created_at: datetime


class FileOut(BaseModel):
    name: str
    state: str  # waiting | read | refused
    message: str = ""
    documents: int = 0
    versions: int = 0
    unchanged: int = 0
    passages: int = 0


class UploadOut(BaseModel):
    """``files``: what became of each. ``progress`` counts files."""

    id: str
    status: str
    progress: dict[str, int]
    dated: date
    files: list[FileOut]
    error: str | None
    created_at: datetime
    finished_at: datetime | None
    undone_at: datetime | None

    @classmethod
    def of(cls, upload: KnowledgeUpload) -> "UploadOut":
        names = set(cls.model_fields) - {"progress", "files"}
        files = [
            FileOut(**{name: file[name] for name in FileOut.model_fields if name in file}) for file in upload.files
        ]
        progress = {"done": totals(upload.files)["done"], "total": len(files)}
        return cls(**{name: getattr(upload, name) for name in names}, files=files, progress=progress)


class DocumentOut(BaseModel):
    """``passages`` of its newest version; ``removed_at``: it is not offered to new searches since then."""

    id: str
    name: str
    kind: str
    versions: int
    oldest: date
    newest: date
    passages: int
    removed_at: datetime | None


class VersionOut(BaseModel):
    id: str
    dated: date
    kind: str
    passages: int
    passages_sha256: str
    created_at: datetime

    @classmethod
    def of(cls, version: DocumentVersion) -> "VersionOut":
        return cls(**{name: getattr(version, name) for name in cls.model_fields})


class DocumentVersionsOut(BaseModel):
    id: str
    name: str
    versions: list[VersionOut]


class FoundOut(BaseModel):
    number: int
    passage_id: str
    document: str
    dated: date
    heading: str
    text: str
    score: float

    @classmethod
    def of(cls, found: Found) -> "FoundOut":
        return cls(**{name: getattr(found, name) for name in cls.model_fields})


class SearchOut(ListAnswer[FoundOut]):
    """``ranking``: what it was ranked by."""

    ranking: How
    note: str


@router.get(BASE)
def list_collections(session: SessionDep, access: Viewer) -> ListAnswer[CollectionOut]:
    return ListAnswer(items=[CollectionOut(**row._asdict()) for row in queries.listed(session, access.project.id)])


@router.post(BASE, status_code=201)
def create_collection(session: SessionDep, access: Engineer, new: NewCollection) -> CollectionOut:
    return _one(session, access.project.id, service.create(session, access, new).id)


@router.get(ONE)
def get_collection(session: SessionDep, access: Viewer, collection_id: str) -> CollectionOut:
    return _one(session, access.project.id, queries.get(session, access.project.id, collection_id).id)


@router.delete(ONE, status_code=204)
def delete_collection(session: SessionDep, access: Engineer, collection_id: str) -> Response:
    """For good, with all documents; 409 where a candidate searches it."""
    service.delete(session, access, queries.get(session, access.project.id, collection_id))
    return Response(status_code=204)


@router.get(ONE + "/search")
def search_collection(
    session: SessionDep,
    access: Viewer,
    collection_id: str,
    q: Annotated[str, Query(min_length=1, max_length=20_000)],
    top_k: Annotated[int, Query(ge=1, le=MOST_FOUND)] = 5,
    as_of: date | None = None,
    ranking: How | None = None,
) -> SearchOut:
    """The best passages for a question, from the newest versions or from those that held on a day.

    ``ranking`` left out: by words and meaning where the collection has a model for vectors. Where only a provider could
    make the question's vector, and did not yet, it is searched by words, and ``note`` says so."""
    collection = queries.get(session, access.project.id, collection_id)
    looked = service.look(session, collection, Search(q=q, top_k=top_k, as_of=as_of, ranking=ranking))
    return SearchOut(items=[FoundOut.of(one) for one in looked.found], ranking=looked.how, note=looked.note)


@router.get(ONE + "/documents")
def list_documents(session: SessionDep, access: Viewer, collection_id: str) -> ListAnswer[DocumentOut]:
    collection = queries.get(session, access.project.id, collection_id)
    rows = queries.documents(session, collection.id)
    return ListAnswer(items=[DocumentOut(**row._asdict()) for row in rows])


@router.post(ONE + "/documents", status_code=202, openapi_extra=OPENAPI)
async def upload_documents(request: Request, session: SessionDep, access: Engineer, collection_id: str) -> UploadOut:
    """Upload files. The answer is queued: ask for the upload again, or listen to its events."""
    await run_in_threadpool(session.commit)  # an upload takes long; it must not hold a transaction
    received = await receive(request, MOST_FILES)
    return UploadOut.of(await run_in_threadpool(take, access, collection_id, received))


@router.get(DOCUMENT)
def get_document(session: SessionDep, access: Viewer, collection_id: str, document_id: str) -> DocumentVersionsOut:
    collection = queries.get(session, access.project.id, collection_id)
    found = queries.document(session, collection.id, document_id)
    versions = [VersionOut.of(one) for one in queries.versions(session, found.id)]
    return DocumentVersionsOut(id=found.id, name=found.name, versions=versions)


@router.delete(DOCUMENT, status_code=204)
def remove_document(session: SessionDep, access: Engineer, collection_id: str, document_id: str) -> Response:
    """Out of new searches; candidates that were made before still find it. Uploaded again, it is back."""
    collection = queries.get(session, access.project.id, collection_id)
    found = queries.document(session, collection.id, document_id)
    service.offer(session, access, collection, found, offered=False)
    return Response(status_code=204)


@router.get(ONE + "/uploads")
def list_uploads(session: SessionDep, access: Viewer, collection_id: str) -> ListAnswer[UploadOut]:
    collection = queries.get(session, access.project.id, collection_id)
    return ListAnswer(items=[UploadOut.of(one) for one in queries.uploads(session, collection.id, SHOWN)])


@router.get(UPLOAD)
def get_upload(session: SessionDep, access: Viewer, collection_id: str, upload_id: str) -> UploadOut:
    collection = queries.get(session, access.project.id, collection_id)
    return UploadOut.of(queries.upload(session, collection.id, upload_id))


@router.post(UPLOAD + "/cancel", status_code=202)
def cancel_upload(session: SessionDep, access: Engineer, collection_id: str, upload_id: str) -> UploadOut:
    """Stop before the next file; what was read stays, and undo takes it back."""
    collection = queries.get(session, access.project.id, collection_id)
    upload = queries.upload(session, collection.id, upload_id)
    return UploadOut.of(service.cancel(session, access, collection, upload))


@router.post(UPLOAD + "/undo")
def undo_upload(session: SessionDep, access: Engineer, collection_id: str, upload_id: str) -> UploadOut:
    """Take its versions out of new searches."""
    collection = queries.get(session, access.project.id, collection_id)
    upload = queries.upload(session, collection.id, upload_id)
    service.take_back(session, access, collection, upload, undo=True)
    return UploadOut.of(upload)


@router.get(UPLOAD + "/events")
def upload_events(
    request: Request, session: SessionDep, access: Viewer, collection_id: str, upload_id: str
) -> StreamingResponse:
    """``progress`` whenever a file was read, ``end`` when all were."""
    queries.upload(session, queries.get(session, access.project.id, collection_id).id, upload_id)
    slug = access.project.slug
    return event_stream(request, lambda last: _poll(request, slug, collection_id, upload_id, last))


def _poll(request: Request, slug: str, collection_id: str, upload_id: str, last: str | None) -> list[Event]:
    with transaction() as session:
        access = recheck(slug, request, session)  # whoever lost the role, the session or the token loses the stream
        collection = queries.get(session, access.project.id, collection_id)
        data = UploadOut.of(queries.upload(session, collection.id, upload_id)).model_dump(mode="json")
    mark = f"{data['status']}-{data['progress']['done']}"
    found = [] if mark == last else [Event(mark, "progress", data)]
    if data["status"] in OVER:
        found.append(Event(mark, "end", data))
    return found


def _one(session: Session, project_id: str, collection_id: str) -> CollectionOut:
    rows = queries.listed(session, project_id)
    return CollectionOut(**next(row._asdict() for row in rows if row.id == collection_id))
