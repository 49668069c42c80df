"""Findings as they are stored and answered: JSON of ids and figures."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from app.finetunes.doctor.findings import Finding, Measure, Row


def packed(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    return [asdict(one) for one in findings]


def unpacked(stored: Sequence[Mapping[str, Any]]) -> list[Finding]:
    return [
        Finding(
            **{
                **one,
                "measures": [Measure(**measure) for measure in one["measures"]],
                "rows": [
                    Row(**row | {"spans": [(start, stop) for start, stop in row["spans"]]}) for row in one["rows"]
                ],
            }
        )
        for one in stored
    ]
