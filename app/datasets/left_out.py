"""Everything that a version leaves out, with the reasons, as a file: however much it is."""

import csv
from collections.abc import Iterable, Iterator
from io import StringIO
from typing import Annotated, Literal

import orjson
from fastapi import Query
from starlette.responses import StreamingResponse

from app.core.db import transaction
from app.datasets import version_queries as queries
from app.datasets.export import attachment, chunked
from app.datasets.models import DatasetVersion
from app.datasets.rules import Exclusion
from app.examples.spreadsheet import neutral
from app.projects.models import Project
from app.web.forms import StrictModel

COLUMNS = ("number", "example_id", "reason")
MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}


class Wanted(StrictModel):
    format: Literal["csv", "jsonl"] = "csv"


WantedQuery = Annotated[Wanted, Query()]


def response(project: Project, version: DatasetVersion, wanted: Wanted) -> StreamingResponse:
    """The file as an attachment, in the order of the examples' numbers."""
    name = f"{project.slug}-v{version.number}-left-out.{wanted.format}"
    body = chunked(_lines(version.id, wanted.format))
    return StreamingResponse(body, media_type=MEDIA_TYPES[wanted.format], headers=attachment(name))


def _lines(version_id: str, form: str) -> Iterator[bytes]:
    """A transaction of its own: the request's is over when the body begins."""
    with transaction() as session:
        rows = queries.all_exclusions(session, version_id)
        yield from _csv(rows) if form == "csv" else map(_json, rows)


def _json(one: Exclusion) -> bytes:
    return orjson.dumps({name: getattr(one, name) for name in COLUMNS}, option=orjson.OPT_APPEND_NEWLINE)


def _csv(rows: Iterable[Exclusion]) -> Iterator[bytes]:
    yield _line(COLUMNS)
    for one in rows:
        yield _line([neutral(str(getattr(one, name))) for name in COLUMNS])


def _line(cells: Iterable[str]) -> bytes:
    written = StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue().encode()
