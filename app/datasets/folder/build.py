"""Putting the folder together, a piece at a time; what was checked on the way is its last file."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field
from sqlalchemy.orm import Session
from starlette.responses import StreamingResponse

from app.core.db import transaction
from app.core.errors import Invalid
from app.core.settings import get_settings
from app.datasets import export, versions
from app.datasets import version_queries as queries
from app.datasets.fits import fit
from app.datasets.folder import chat_template
from app.datasets.folder.provider_rules import Rules
from app.datasets.folder.targets import DEFAULT_MODEL, MODEL_NAME, TARGETS, Facts, Target
from app.datasets.folder.zipped import zipped
from app.datasets.formats import Record
from app.datasets.models import DatasetVersion
from app.projects.models import Project
from app.web.forms import StrictModel

Name = Literal["openai", "trl", "llama_factory", "axolotl"]


class Wanted(StrictModel):
    """As for an export; ``base_model`` names the model in the configuration, and whose chat template is tried."""

    target: Name
    base_model: str = Field(DEFAULT_MODEL, pattern=f"^{MODEL_NAME.pattern}$")
    objective: export.Objective | None = None
    omit: bool = False


@dataclass(frozen=True)
class Folder:
    target: Target
    facts: Facts
    root: str


def plan(session: Session, project: Project, version: DatasetVersion, wanted: Wanted) -> Folder:
    """Raises Invalid naming the rows that the trainer's format cannot hold, unless they are to be left out."""
    versions.check_whole(session, version)
    target = TARGETS[wanted.target]
    paired = wanted.objective == "dpo"
    if wanted.objective is None:
        paired = queries.paired(session, version.id) == version.size
    writer = target.writer(paired)
    found = fit(writer, queries.records(session, version.id), paired)
    if found.count == version.size or (found.count and not wanted.omit):
        way_out = "" if found.count == version.size else " Leave them out (omit), or train elsewhere."
        raise Invalid.field(
            "target",
            f"{found.count:,} of {version.size:,} examples do not fit into what {target.label} reads: "
            f"{export.said(found)}.{way_out}",
        )
    facts = Facts(
        project=project.name,
        version=f"v{version.number} {version.name}",
        content_hash=version.content_hash,
        rows=version.size,
        left_out=found.count,
        base_model=wanted.base_model,
        paired=paired,
    )
    return Folder(target, facts, f"{project.slug}-v{version.number}-{wanted.target.replace('_', '-')}")


def files(folder: Folder, rows: Iterable[Record]) -> Iterator[tuple[str, Iterable[bytes]]]:
    """(name, content) of each file. The data is written while it is checked; ``check.json`` says what came of it."""
    writer, paired = folder.target.writer(folder.facts.paired), folder.facts.paired
    seen = chat_template.Rendering(
        chat_template.of_model(get_settings().home / "engine" / "models", folder.facts.base_model)
    )
    rules = Rules(paired)
    size = 0

    def data() -> Iterator[bytes]:
        nonlocal size
        for piece in export.chunked(writer.write(_watched(export.fitting(writer, rows, paired), seen, rules), paired)):
            size += len(piece)
            yield piece

    for name, text in folder.target.files(folder.facts).items():
        yield f"{folder.root}/{name}", [text.encode()]
    yield f"{folder.root}/train.jsonl", data()
    yield f"{folder.root}/check.json", [_report(folder, seen, rules, size)]


def _watched(rows: Iterable[Record], seen: chat_template.Rendering, rules: Rules) -> Iterator[Record]:
    for row in rows:
        seen.look(row)
        rules.look(row)
        yield row


def _report(folder: Folder, seen: chat_template.Rendering, rules: Rules, size: int) -> bytes:
    report: dict[str, Any] = {
        "version": {"name": folder.facts.version, "content_hash": folder.facts.content_hash},
        "rows": seen.rows,
        "left_out": folder.facts.left_out,
        "bytes": size,
        "chat_template": {
            "template": seen.template.name,
            "rendered": seen.rows - seen.failed,
            "would_not_render": seen.failed,
            "first": [{"example": number, "reason": reason} for number, reason in seen.first],
            "longest_in_characters": seen.longest,
        },
    }
    if folder.target.name == "openai":
        report["provider_rules"] = {
            "file": rules.of_file(size),
            "rows_that_break_one": rules.failed,
            "first": [{"example": number, "reason": reason} for number, reason in rules.first],
        }
    return json.dumps(report, indent=2, ensure_ascii=False).encode() + b"\n"


def response(session: Session, project: Project, version: DatasetVersion, wanted: Wanted) -> StreamingResponse:
    folder = plan(session, project, version, wanted)
    name = re.sub(r"[^A-Za-z0-9._-]", "-", folder.root) + ".zip"
    headers = export.attachment(name) | {"X-Left-Out": str(folder.facts.left_out)}
    return StreamingResponse(_body(project.id, version.id, folder), media_type="application/zip", headers=headers)


def _body(project_id: str, version_id: str, folder: Folder) -> Iterator[bytes]:
    """A transaction of its own: the request's is over when the body begins."""
    with transaction() as session:
        version = versions.load(session, project_id, version_id)
        yield from export.chunked(zipped(files(folder, queries.records(session, version.id))))
