"""What a verdict rests on: named piece by piece, so that a later change can be named too."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.comparisons.service import Compared
from app.core.stats.words import and_list
from app.decisions.gates import Gate, as_rows


@dataclass(frozen=True)
class Since:
    """When a gate was set as it now stands, in which version. ``after``: the result that could have been seen by
    then."""

    number: int
    at: datetime
    after: str | None


def pieces(
    found: Compared, gates: Sequence[Gate], volume: int, uncalibrated: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    """Everything whose change makes the verdict another one. Plain JSON."""
    sets = {pair.test_set.name: pair.test_set.content_hash for pair in found.pairs}
    runs = {
        f"{side} on “{pair.test_set.name}”": {"id": run.id, "number": run.number, "manifest": run.manifest_hash}
        for pair in found.pairs
        for side, run in ((found.sides.baseline.name, pair.baseline), (found.sides.candidate.name, pair.candidate))
    }
    votes = next((row.n for row in found.result.rows if row.key == "human_preference"), 0)
    return {
        "test_sets": sets,
        "runs": runs,
        "graders": sorted(found.material.graders),
        "gates": as_rows(sorted(gates, key=lambda gate: gate.metric)),
        "volume": volume,
        "uncalibrated": sorted({name for names in uncalibrated.values() for name in names}),
        "votes": votes,
    }


def digest(evidence: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(evidence, sort_keys=True).encode()).hexdigest()


LABELS = {
    "test_sets": "the test sets",
    "runs": "the runs",
    "graders": "the graders",
    "gates": "the gates",
    "volume": "the volume",
    "uncalibrated": "the calibration of judges",
    "votes": "the votes",
}


def changed(then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """What is not the same any more, in words; empty where all is."""
    return and_list([label for key, label in LABELS.items() if then.get(key) != now.get(key)])


def since(
    gate: Gate, versions: Sequence[tuple[int, datetime, Sequence[Gate]]], results: Mapping[str, datetime]
) -> Since:
    """``versions``: (number, time, gates), newest first, the newest has the gate. ``results``: when each run ended.

    A gate that stood unchanged through several versions counts from the first of them.
    """
    number, at = versions[0][0], versions[0][1]
    for earlier, moment, gates in versions[1:]:
        if gate not in gates:
            break
        number, at = earlier, moment
    known = [name for name, ended in results.items() if ended < at]
    return Since(number, at, and_list(known) or None)
