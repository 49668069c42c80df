"""Recall and precision of the fast sensitive-data pass on a labelled file, by type, and its speed.

    python benchmarks/sensitive_data.py --data ../shared/data/presidio_synth/synth_dataset_v2.json [--names] [--misses]

The file is a list of objects with ``full_text`` and ``spans`` (``entity_type``, ``start_position``, ``end_position``),
the form of presidio-research. How spans are matched: a labelled span counts as found where one reported span of the
same type covers at least half of its characters; a reported span counts as right where at least half of its characters
lie in one labelled span of the same type. "Exact" are those whose two ends agree. A card whose Luhn digit is wrong, and
an IBAN whose check digits are, are left out of the recall (their number is printed): nothing tells them from any other
number.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from app.checks.detectors.sensitive.finding import find  # noqa: E402
from app.checks.detectors.sensitive.hits import digits_of, luhn  # noqa: E402
from app.checks.detectors.sensitive.ibans import mod97  # noqa: E402
from app.checks.detectors.sensitive.names import available, find_names  # noqa: E402
from app.core.stats.rates import wilson  # noqa: E402

TYPES = {
    "CREDIT_CARD": "credit_card",
    "EMAIL_ADDRESS": "email",
    "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip_address",
    "US_SSN": "us_ssn",
    "PHONE_NUMBER": "phone",
}
OTHERS = {"STREET_ADDRESS": "address", "US_DRIVER_LICENSE": "identity_document"}
REQUIRED = {"PHONE_NUMBER": 0.85}
Span = tuple[int, int]


def overlap(one: Span, two: Span) -> int:
    return max(0, min(one[1], two[1]) - max(one[0], two[0]))


def covers(span: Span, others: list[Span]) -> bool:
    """Whether one of the others lies over at least half of this span."""
    return any(overlap(span, other) * 2 >= span[1] - span[0] for other in others)


def checkable(kind: str, value: str) -> bool:
    if kind == "CREDIT_CARD":
        return luhn(digits_of(value))
    return kind != "IBAN_CODE" or mod97(value)


def labelled(row: dict[str, Any], kind: str) -> list[Span]:
    return [(s["start_position"], s["end_position"]) for s in row["spans"] if s["entity_type"] == kind]


def report(rows: list[dict[str, Any]], found: list[dict[str, list[Span]]], types: dict[str, str], show: bool) -> Span:
    """Print a line per type. Answers (reported, right) over all of them."""
    reported = right = 0
    print(
        f"{'type':18}{'n':>5}{'found':>7}{'recall':>8}  95 % CI         "
        f" {'reported':>8}{'precision':>10}{'exact':>7}  needs"
    )
    for kind, code in types.items():
        n = hits = skipped = exact = mine = good = 0
        for row, spans in zip(rows, found, strict=True):
            text, gold, seen = row["full_text"], labelled(row, kind), spans.get(code, [])
            for span in gold:
                if not checkable(kind, text[slice(*span)]):
                    skipped += 1
                    continue
                n, hits, exact = n + 1, hits + covers(span, seen), exact + (span in seen)
                if show and not covers(span, seen):
                    print(f"    missed {kind}: {text[slice(*span)]!r} in {text[:120]!r}")
            for span in seen:
                mine, good = mine + 1, good + covers(span, gold)
                if show and not covers(span, gold):
                    print(f"    wrong {kind}: {text[slice(*span)]!r} in {text[:120]!r}")
        reported, right = reported + mine, right + good
        rate = wilson(hits, n)
        recall = f"{rate.value:>8.1%}  {rate.low:6.1%} to {rate.high:6.1%}" if n else f"{'—':>8}{'':18}"
        need = f">= {REQUIRED.get(kind, 0.95):.0%}" if kind in TYPES else ""
        left_out = f"  ({skipped} with wrong check digits left out)" if skipped else ""
        precision = f"{good / mine:>10.1%}" if mine else f"{'—':>10}"
        print(f"{kind:18}{n:>5}{hits:>7}{recall}  {mine:>8}{precision}{exact:>7}  {need}{left_out}")
    return reported, right


def spans_by_code(hits: list[Any]) -> dict[str, list[Span]]:
    found: dict[str, list[Span]] = {}
    for hit in hits:
        found.setdefault(hit.code, []).append((hit.start, hit.stop))
    return found


def timed(rows: list[dict[str, Any]], look: Callable[[str], list[Any]]) -> tuple[list[dict[str, list[Span]]], float]:
    start = time.perf_counter()
    found = [spans_by_code(look(row["full_text"])) for row in rows]
    return found, len(rows) / (time.perf_counter() - start)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--names", action="store_true", help="also the model for names, where it is installed")
    parser.add_argument("--misses", action="store_true", help="print each miss and each wrong finding")
    options = parser.parse_args()
    rows = json.loads(options.data.read_text())
    find("warm up +1 212 555 0187")
    found, speed = timed(rows, find)
    reported, right = report(rows, found, TYPES, options.misses)
    total = wilson(right, reported)
    print(
        f"precision over these types: {total.value:.1%} of {reported} ({total.low:.1%} to {total.high:.1%}); needs"
        " >= 90%"
    )
    print(f"speed: {speed:,.0f} texts a second on one core ({len(rows):,} texts)\n")
    print("also reported, not required:")
    report(rows, found, OTHERS, options.misses)
    if options.names and not available():
        sys.exit("the model for names is not installed: make install NAMES=1")
    if options.names:
        found, speed = timed(rows, lambda text: list(find_names(text)))
        report(rows, found, {"PERSON": "person"}, options.misses)
        print(f"names: {speed:,.0f} texts a second on one core")
