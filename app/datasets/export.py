"""A dataset version as a file to download, in each format that there is a writer for."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Query
from sqlalchemy.orm import Session
from starlette.responses import StreamingResponse

from app.core.db import transaction
from app.core.errors import Invalid
from app.datasets import version_queries as queries
from app.datasets import versions
from app.datasets.fits import Fit, fit
from app.datasets.formats import WRITERS, CannotHold, Record, Writer
from app.datasets.models import DatasetVersion
from app.projects.models import Project
from app.web.forms import StrictModel

Format = Literal["openai_chat", "openai_preference", "sharegpt", "alpaca", "trl", "csv", "parquet"]
Objective = Literal["supervised", "dpo"]
CHUNK = 64 * 1024


class Wanted(StrictModel):
    """``objective`` dpo: pairs of answers; None: pairs where every example has one. ``omit``: leave out what does not
    fit instead of refusing."""

    format: Format = "openai_chat"
    objective: Objective | None = None
    omit: bool = False


WantedQuery = Annotated[Wanted, Query()]


@dataclass(frozen=True)
class Export:
    """What is about to be written. ``left_out``: how many rows do not fit and were to be omitted."""

    writer: Writer
    paired: bool
    left_out: int


def plan(session: Session, version: DatasetVersion, wanted: Wanted) -> Export:
    """Raises Invalid naming the rows that the format cannot hold, unless they are to be left out."""
    versions.check_whole(session, version)
    writer = WRITERS[wanted.format]
    paired = is_paired(session, version, wanted)
    if writer.check is None:
        return Export(writer, paired, 0)
    found = fit(writer, queries.records(session, version.id), paired)
    if found.count == version.size:
        raise Invalid.field("format", f"None of the {version.size:,} examples fits into {writer.label}: {said(found)}.")
    if found.count and not wanted.omit:
        raise Invalid.field("format", _refusal(writer, version, found))
    return Export(writer, paired, found.count)


def is_paired(session: Session, version: DatasetVersion, wanted: Wanted) -> bool:
    if WRITERS[wanted.format].pairs_only or wanted.objective == "dpo":
        return True
    return wanted.objective is None and queries.paired(session, version.id) == version.size


def said(found: Fit) -> str:
    shown = "; ".join(f"#{number} {reason}" for number, reason in found.first)
    more = found.count - len(found.first)
    return shown + (f"; and {more:,} more" if more > 0 else "")


def _refusal(writer: Writer, version: DatasetVersion, found: Fit) -> str:
    return (
        f"{found.count:,} of {version.size:,} examples do not fit into {writer.label}: {said(found)}. Leave them out "
        "(omit), or take csv or parquet, which hold everything."
    )


def lines(session: Session, version: DatasetVersion, export: Export) -> Iterator[bytes]:
    """The file, a piece at a time: the same bytes for the same version and format, always."""
    rows: Iterable[Record] = queries.records(session, version.id)
    if export.left_out:
        rows = fitting(export.writer, rows, export.paired)
    return export.writer.write(rows, export.paired)


def fitting(writer: Writer, rows: Iterable[Record], paired: bool) -> Iterator[Record]:
    for row in rows:
        try:
            if writer.check is not None:
                writer.check(row, paired)
        except CannotHold:
            continue
        yield row


def file_name(project: Project, version: DatasetVersion, writer: Writer) -> str:
    form = "" if writer.name in ("openai_chat", writer.suffix) else f"-{writer.name.replace('_', '-')}"
    return f"{project.slug}-v{version.number}{form}.{writer.suffix}"


def response(session: Session, project: Project, version: DatasetVersion, wanted: Wanted) -> StreamingResponse:
    """The file as an attachment that no browser will open as a page. The ETag of openai_chat is its SHA-256."""
    export = plan(session, version, wanted)
    name = file_name(project, version, export.writer)
    headers = attachment(name) | {"ETag": _etag(version, export), "X-Left-Out": str(export.left_out)}
    if version.record_hash is None and wanted.format != "openai_chat":
        del headers["ETag"]
    return StreamingResponse(
        _body(project.id, version.id, export), media_type=export.writer.media_type, headers=headers
    )


def attachment(name: str) -> dict[str, str]:
    return {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
    }


def _etag(version: DatasetVersion, export: Export) -> str:
    if export.writer.name == "openai_chat":
        return f'"{version.content_hash}"'
    form = f"{export.writer.name}{'-dpo' if export.paired else ''}{'-omit' if export.left_out else ''}"
    return f'"{version.record_hash}-{form}"'


def _body(project_id: str, version_id: str, export: Export) -> Iterator[bytes]:
    """A transaction of its own: the request's is over when the body begins."""
    with transaction() as session:
        yield from chunked(lines(session, versions.load(session, project_id, version_id), export))


def chunked(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of a size that a connection likes."""
    waiting = bytearray()
    for part in parts:
        waiting += part
        if len(waiting) >= CHUNK:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting)
