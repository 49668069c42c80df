"""A dataset version as a file to download."""

from collections.abc import Iterator
from typing import Literal

from starlette.responses import StreamingResponse

from app.core.db import transaction
from app.core.errors import Invalid
from app.datasets import versions
from app.datasets.models import DatasetVersion
from app.projects.models import Project

Format = Literal["openai_chat", "openai_preference", "sharegpt", "alpaca", "trl", "csv", "parquet"]
CHUNK = 64 * 1024


def response(project: Project, version: DatasetVersion, format: Format) -> StreamingResponse:
    """The training bytes as an attachment that no browser will open as a page; the ETag is their SHA-256."""
    if format != "openai_chat":
        raise Invalid.field("format", f"{format} cannot be written yet: use openai_chat.")
    headers = {
        "Content-Disposition": f'attachment; filename="{project.slug}-v{version.number}.jsonl"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "ETag": f'"{version.content_hash}"',
    }
    return StreamingResponse(_body(project.id, version.id), media_type="application/jsonl", headers=headers)


def _body(project_id: str, version_id: str) -> Iterator[bytes]:
    """A transaction of its own: the request's is over when the body begins."""
    with transaction() as session:
        waiting = bytearray()
        for line in versions.training_bytes(session, versions.load(session, project_id, version_id)):
            waiting += line
            if len(waiting) >= CHUNK:
                yield bytes(waiting)
                waiting.clear()
        yield bytes(waiting)
