"""``/v1/files``."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, UploadFile
from fastapi.responses import FileResponse

from app.engine.errors import EngineError
from app.engine.files import PURPOSES
from app.engine.paging import page
from app.engine.state import EngineDep

router = APIRouter(prefix="/v1/files")


@router.post("")
def upload(engine: EngineDep, file: UploadFile, purpose: Annotated[str, Form()]) -> dict[str, Any]:
    """Store an upload. The rows are checked when a job uses them, as OpenAI does."""
    if purpose not in PURPOSES:
        raise EngineError(f"Invalid purpose {purpose!r}: use one of {', '.join(PURPOSES)}.", param="purpose")
    return engine.files.add(file.file, filename=file.filename or "upload", purpose=purpose)


@router.get("")
def list_files(
    engine: EngineDep,
    purpose: str | None = None,
    after: str | None = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 10_000,
    order: Literal["asc", "desc"] = "desc",
) -> dict[str, Any]:
    files = [file for file in engine.files.all() if purpose in (None, file["purpose"])]
    return page(files[::-1] if order == "asc" else files, limit=limit, after=after)


@router.get("/{file_id}")
def retrieve(engine: EngineDep, file_id: str) -> dict[str, Any]:
    return engine.files.get(file_id)


@router.get("/{file_id}/content")
def content(engine: EngineDep, file_id: str) -> FileResponse:
    """The bytes as they were sent, never under a type that a browser would run."""
    return FileResponse(
        engine.files.path(file_id),
        media_type="application/octet-stream",
        filename=f"{file_id}.bin",
        headers={"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"},
    )


@router.delete("/{file_id}")
def delete(engine: EngineDep, file_id: str) -> dict[str, Any]:
    """Delete a file, unless a job that has not ended still needs it."""
    engine.files.get(file_id)
    if user := engine.jobs.using_file(file_id):
        raise EngineError(f"File {file_id} is used by {user}, which has not ended.", param="file_id")
    engine.files.delete(file_id)
    return {"id": file_id, "object": "file", "deleted": True}
