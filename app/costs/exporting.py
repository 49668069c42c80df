"""The ledger as CSV: a line for each kind in each month."""

import csv
import io
from collections.abc import Sequence

from app.costs.rules import Entry

COLUMNS = ("month", "part", "kind", "what", "count", "minutes", "dollars", "dollars_held", "without_price")


def as_csv(entries: Sequence[Entry]) -> str:
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(COLUMNS)
    for e in entries:
        figures = (e.count, round(e.minutes, 2), round(e.dollars, 8), round(e.held, 8), e.unknown)
        rows.writerow((e.month, e.part, e.kind, e.name, *figures))
    return out.getvalue()
