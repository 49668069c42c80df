"""Cases from a JSONL file, for a set that is still a draft: our lines (interfaces.md §4), or IFEval's."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO

from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.accounts.models import User
from app.core.errors import Invalid, TooLarge
from app.core.rejections import Rejections
from app.datasets import service
from app.datasets.models import TestSet
from app.examples.changes import changed
from app.examples.chat import Refused
from app.examples.formats import ifeval, json_lines, openai_chat
from app.examples.formats.base import Line, Position, read_lines, too_long_reason
from app.examples.shapes import shape_of

MAX_BYTES = 100_000_000
BATCH = 500


@dataclass
class Report(Rejections):
    """What became of the lines."""

    added: int = 0
    duplicates: int = 0


def add_file(session: Session, user: User, test_set: TestSet, file: BinaryIO, name: str, size: int) -> Report:
    """Add a case for each good line; the others are reported and do no harm. ``test_set`` comes from ``load_draft``.

    The report stays with the set, so that anybody can see what its cases were made of. Raises TooLarge, and Invalid
    for a file without a single line.
    """
    if size > MAX_BYTES:
        raise TooLarge(f"The file has more than {MAX_BYTES // 1_000_000} MB. Split it, or import it as examples.")
    report = Report()
    rows = _rows(file, report)
    while batch := list(islice(rows, BATCH)):
        added = service.add_rows(session, test_set, batch)
        report.added += added
        report.duplicates += len(batch) - added
    if not (report.added or report.duplicates or report.rejected_count):
        raise Invalid.field("file", "The file has no line in it.")
    kept = vars(report) | {"file": name[:200], "rejected": [list(pair) for pair in report.rejected]}
    test_set.origin = test_set.origin | {"uploads": [*test_set.origin.get("uploads", []), kept]}
    changed(session, test_set.project_id)
    facts = {"name": test_set.name, "added": report.added, "refused": report.rejected_count}
    record(session, "add-cases", "test_set", test_set.id, actor_id=user.id, project_id=test_set.project_id, **facts)
    return report


def _rows(file: BinaryIO, report: Report) -> Iterator[dict[str, Any]]:
    for line in read_lines(file, Position()):
        if line.data.strip():
            row = _row(line, report)
            if row is not None:
                yield row


def _row(line: Line, report: Report) -> dict[str, Any] | None:
    if line.too_long:
        report.reject(line.number, too_long_reason())
        return None
    try:
        fields = json_lines.fields_of(line.data)
        parsed = (ifeval if shape_of(fields) == "ifeval" else openai_chat).parse(fields)
    except Refused as error:
        report.reject(line.number, str(error))
        return None
    return service.case_row(
        parsed.messages,
        parsed.tools,
        parsed.expected,
        parsed.behavior,
        example_id=None,
        tags=parsed.tags,
        extra=parsed.extra,
        fingerprint_unit=parsed.fingerprint_unit,
        group_unit=parsed.group_unit,
    )
