"""Cases from a file of any import format (docs/formats.md), for a set that is still a draft."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO

from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.accounts.models import User
from app.core.errors import Invalid, TooLarge
from app.core.rejections import Rejections
from app.datasets import service, uploaded
from app.datasets.models import TestSet
from app.examples.changes import changed
from app.examples.formats import Row
from app.examples.formats.mapped import MODEL_OUTPUT
from app.examples.rules import ParsedExample, prompt

MAX_BYTES = 100_000_000
BATCH = 500


@dataclass
class Report(Rejections):
    """What became of the lines. ``definitions`` of evals and runs are no cases; ``mapping``: which column was what."""

    added: int = 0
    duplicates: int = 0
    definitions: int = 0
    format: str = ""
    mapping: dict[str, Any] | None = None


def add_file(
    session: Session,
    user: User,
    test_set: TestSet,
    file: BinaryIO,
    name: str,
    size: int,
    *,
    wanted: str = "auto",
    mapping: Mapping[str, Any] | None = None,
) -> Report:
    """Add a case for each good line; the others are reported and do no harm. ``test_set`` comes from ``load_draft``.

    ``wanted``: a format, or ``auto``. The report stays with the set, so that anybody can see what its cases were made
    of. Raises TooLarge, and Invalid for a file that cannot be read at all.
    """
    if size > MAX_BYTES:
        raise TooLarge(f"The file has more than {MAX_BYTES // 1_000_000} MB. Split it, or import it as examples.")
    with uploaded.opened(file, name, wanted) as found:
        columns = uploaded.mapping_of(found, mapping)
        report = Report(format=found.format, mapping=columns)
        rows = _rows(uploaded.rows(found, columns), report)
        while batch := list(islice(rows, BATCH)):
            added = service.add_rows(session, test_set, batch)
            report.added += added
            report.duplicates += len(batch) - added
    if not (report.added or report.duplicates or report.rejected_count or report.definitions):
        raise Invalid.field("file", "The file has no line in it.")
    kept = vars(report) | {"file": name[:200], "rejected": [list(pair) for pair in report.rejected]}
    test_set.origin = test_set.origin | {"uploads": [*test_set.origin.get("uploads", []), kept]}
    changed(session, test_set.project_id)
    facts = {"name": test_set.name, "added": report.added, "refused": report.rejected_count}
    record(session, "add-cases", "test_set", test_set.id, actor_id=user.id, project_id=test_set.project_id, **facts)
    return report


def _rows(read: Iterator[Row], report: Report) -> Iterator[dict[str, Any]]:
    for row in read:
        if row.reason:
            report.reject(row.line, row.reason)
        elif row.example is None:
            report.definitions += 1
        else:
            case = _case(row.example)
            if case is not None:
                yield case
            else:
                report.reject(row.line, "the line: nothing says what is expected of it")


def _case(parsed: ParsedExample) -> dict[str, Any] | None:
    """What a model said is not what is expected: where a row knows no more, an answer is expected, whatever it says."""
    unjudged = MODEL_OUTPUT in parsed.tags
    return service.case_row(
        list(prompt(parsed.messages)) if unjudged else parsed.messages,
        parsed.tools,
        parsed.expected,
        "answer" if unjudged else parsed.behavior,
        example_id=None,
        tags=[tag for tag in parsed.tags if tag != MODEL_OUTPUT] if unjudged else parsed.tags,
        extra=parsed.extra,
        fingerprint_unit=parsed.fingerprint_unit,
        group_unit=parsed.group_unit,
    )
