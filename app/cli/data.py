"""``holdout import`` and ``holdout export``: the same code as the pages."""

import json
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import typer
from sqlalchemy import select

from app.cli.projects import project_named
from app.core.db import transaction
from app.core.errors import NotFound
from app.datasets import export, versions
from app.datasets.models import DatasetVersion
from app.examples import import_service
from app.examples.formats.columns import written_mapping
from app.examples.importing import steps
from app.examples.models import Import
from app.projects.models import Project
from app.web.forms import parse


def import_all(slug: str, files: list[Path], format: str, mapping: str | None, *, as_json: bool) -> bool:
    """Import each file here and now; True if no line of any was refused."""
    columns = written_mapping(mapping or "")
    reports = [_import_one(slug, file, format, columns) for file in files]
    for report in reports:
        if as_json:
            typer.echo(json.dumps(report))
        else:
            facts = "{file}: {rows_read:,} read, {imported:,} in, {duplicates:,} duplicates, {rejected_count:,} refused"
            typer.echo(facts.format(**report))
    return all(report["rejected_count"] == 0 and report["status"] == "succeeded" for report in reports)


def _import_one(slug: str, file: Path, format: str, mapping: dict[str, Any] | None) -> dict[str, Any]:
    if not file.is_file():
        raise NotFound(f"The file {file}")
    with transaction() as session:
        project = project_named(session, slug)
        source = import_service.import_file(session, None, project, file, file.name, format, mapping)
    while not _is_over(source.id):  # a worker that runs may take a part of it
        for read in steps(source.id):
            if sys.stderr.isatty():
                print(f"\r{file.name}: {read:,} rows", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    with transaction() as session:
        done = session.get_one(Import, source.id)
        names = ("status", "format", "container", "rows_read", "imported", "duplicates", "rejected_count", "error")
        return {"file": str(file), "id": done.id} | {name: getattr(done, name) for name in names}


def _is_over(import_id: str) -> bool:
    with transaction() as session:
        over = session.get_one(Import, import_id).status not in ("queued", "running")
    if not over:
        time.sleep(0.1)
    return over


def export_version(slug: str, version: str, asked: dict[str, Any], output: Path | None) -> int:
    """Write the file, to stdout where there is no ``output``. Answers how many rows were left out.

    Written beside the target first, so that a full disk leaves no half file.
    """
    wanted = parse(export.Wanted, asked)
    with transaction() as session:
        found = _version(session, project_named(session, slug), version)
        planned = export.plan(session, found, wanted)
        pieces = export.chunked(export.lines(session, found, planned))
        if output is None:
            sys.stdout.buffer.writelines(pieces)
            return planned.left_out
        partial = output.with_name(output.name + ".part")
        try:
            with partial.open("wb") as file:
                file.writelines(_shown(pieces, output.name))
            shutil.move(partial, output)
        finally:
            partial.unlink(missing_ok=True)
        return planned.left_out


def _shown(pieces: Iterable[bytes], name: str) -> Iterator[bytes]:
    """The pieces, with how far it has come where someone looks."""
    written = 0
    for piece in pieces:
        yield piece
        written += len(piece)
        if sys.stderr.isatty():
            print(f"\r{name}: {written / 1_000_000:,.1f} MB", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print(file=sys.stderr)


def _version(session: Any, project: Project, version: str) -> DatasetVersion:
    number = version.lower().removeprefix("v")
    if number.isdecimal():
        query = select(DatasetVersion).where(
            DatasetVersion.project_id == project.id, DatasetVersion.number == int(number)
        )
        found: DatasetVersion | None = session.scalar(query)
        if found is None:
            raise NotFound(f"Version {version}")
        return found
    return versions.load(session, project.id, version)
