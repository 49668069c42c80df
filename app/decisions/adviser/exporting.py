"""The causes of a run's failures as a file, one line a case."""

import csv
import io
from collections.abc import Mapping, Sequence

from app.datasets.models import TestCase
from app.decisions.adviser.evidence import Failure
from app.decisions.adviser.failure_pages import request_of
from app.examples.spreadsheet import neutral

COLUMNS = (
    "case",
    "case_id",
    "request",
    "tags",
    "cause",
    "state",
    "proposed",
    "confirmed_by",
    "confirmed_at",
    "evidence",
)


def as_csv(failures: Sequence[Failure], cases: Mapping[str, TestCase]) -> str:
    """What a spreadsheet would take for a formula is made text by an apostrophe."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(COLUMNS)
    for one in failures:
        said = one.confirmed
        line = [request_of(cases[one.case_id])[:500], ", ".join(one.tags), one.cause or "", one.state]
        line += [one.proposal.cause or "", said.who if said else "", said.at.isoformat() if said else ""]
        line.append(" | ".join(f"{signal.cause}: {signal.words}" for signal in one.proposal.signals))
        rows.writerow([one.position, one.case_id, *map(neutral, line)])
    return out.getvalue()
