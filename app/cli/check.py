"""``holdout check``: the readiness checklist in a terminal and in CI, without a web process or a worker."""

import json
import sys
from typing import Any

import typer

from app.checks.readiness import service
from app.checks.readiness.items import Item
from app.checks.readiness.rules import sentence
from app.checks.readiness.service import Checklist
from app.checks.readiness.sizes import band
from app.checks.scan import run_scan
from app.cli.projects import project_named
from app.core.db import transaction
from app.datasets.near import service as near
from app.projects.models import Project

MARKS = {"pass": "ok", "attention": "look", "fail": "FAIL"}


def check(slug: str, *, as_json: bool, scan: bool) -> bool:
    """Print the checklist; True where the project is ready. What was not looked at is scanned first, here and now."""
    with transaction() as session:
        project = project_named(session, slug)
    if scan:
        _scan(project.id)
    with transaction() as session:
        found = service.checklist(session, project)
    typer.echo(json.dumps(as_data(project, found), indent=2) if as_json else as_text(project, found))
    return found.ready


def _scan(project_id: str) -> None:
    """Both scans go on where an earlier one stopped, and find nothing to do where they are current."""
    if sys.stderr.isatty():
        print("Scanning what was not looked at yet …", file=sys.stderr, flush=True)
    near.scan(project_id)
    run_scan(project_id)


def as_data(project: Project, found: Checklist) -> dict[str, Any]:
    """What the API answers to ``GET /checklist``."""
    from app.checks.readiness.api import ChecklistOut

    return ChecklistOut.of(project, found).model_dump(mode="json")


def as_text(project: Project, found: Checklist) -> str:
    answer, first = sentence(found.items)
    lines = [f"{project.name}: {answer.lower()}, {found.passed} of 8 points hold", first, ""]
    lines += [line for item in found.items for line in _lines(item)]
    size = found.size
    lines += ["", f"{size.approved:,} approved examples, {size.state} the band of {band(project.goal)}"]
    return "\n".join(lines)


def _lines(item: Item) -> list[str]:
    return [f"{MARKS[item.state]:>4}  {item.label}", f"      {item.measured}"]
