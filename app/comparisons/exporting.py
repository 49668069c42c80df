"""A comparison to take along: JSON as the API answers it, CSV with a line for each measure and each slice."""

import csv
import io

from sqlalchemy.orm import Session

from app.comparisons.answers import ComparisonOut, DifferenceOut, MetricOut, PairOut, SliceOut
from app.comparisons.service import Compared
from app.datasets import queries as datasets
from app.evals import reuses
from app.examples.spreadsheet import neutral

COLUMNS = (
    "what", "name", "baseline", "candidate", "difference", "low", "high", "p_value", "p_value_raw", "n",
    "minimum_detectable_difference", "verdict",
)  # fmt: skip


def answer(session: Session, found: Compared) -> ComparisonOut:
    pairs = [
        PairOut.of(
            pair,
            datasets.uses(session, pair.test_set.id),
            (reuses.count(session, pair.baseline), reuses.count(session, pair.candidate)),
        )
        for pair in found.pairs
    ]
    return ComparisonOut.of(found, pairs)


def as_json(session: Session, found: Compared) -> str:
    return answer(session, found).model_dump_json(indent=2)


def as_csv(found: Compared) -> str:
    """What a spreadsheet would take for a formula is made text by an apostrophe."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(COLUMNS)
    for metric in map(MetricOut.of, found.result.rows):
        rows.writerow(_line("metric", metric.key, metric))
    for part in map(SliceOut.of, found.slices):
        rows.writerow(_line(part.by, part.value, part))
    return out.getvalue()


def _line(what: str, name: str, one: DifferenceOut) -> list[object]:
    low, high = one.interval or (None, None)
    ends = [one.baseline, one.candidate, one.difference, low, high, one.p_value, one.p_value_raw]
    return [what, neutral(name), *ends, one.n, one.minimum_detectable_difference, one.verdict]
