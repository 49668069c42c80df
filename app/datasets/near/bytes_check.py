"""Whether training bytes ask what a sealed case asks, nearly: read from the bytes and the cases, not from the tables.

What was linked, scanned or taken apart by hand in the database makes no difference here, but for pairs that somebody
said are no duplicates before the case was sealed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.datasets.models import TestCase, TestSet
from app.datasets.near import queries
from app.datasets.near.queries import NearCase
from app.datasets.near.rules import Prompt, prompt_of, similarities
from app.datasets.near.signatures import bands_of, meeting

AT_ONCE = 2_000  # prompts that are in memory


class SealedCases:
    """Shown prompt after prompt; ``found()`` answers those that are near to a sealed case, by line."""

    def __init__(self, session: Session, project_id: str) -> None:
        rows = session.execute(
            select(TestCase.fingerprint_unit, TestCase.messages, TestSet.name, TestCase.position)
            .join(TestSet, TestSet.id == TestCase.test_set_id)
            .where(TestCase.project_id == project_id, TestSet.sealed_at.is_not(None))
        ).all()
        self._units = [row[0] for row in rows]
        self._prompts = [prompt_of(row[1]) for row in rows]
        self._places = [(row[2], row[3]) for row in rows]
        self._bands = bands_of(self._prompts, self._units)
        self._apart = queries.separated(session, project_id)
        self._waiting: list[tuple[int, str, Prompt]] = []
        self._found: list[NearCase] = []

    def show(self, line: int, unit: str, messages: Sequence[Mapping[str, Any]]) -> None:
        """``messages``: a prompt, without the answer that is trained on it; ``unit``: its fingerprint."""
        if self._units:
            self._waiting.append((line, unit, prompt_of(messages)))
        if len(self._waiting) == AT_ONCE:
            self._compare()

    def found(self) -> list[NearCase]:
        self._compare()
        return self._found

    def _compare(self) -> None:
        if not self._waiting:
            return
        prompts = [prompt for _line, _unit, prompt in self._waiting]
        own = bands_of(prompts, [unit for _line, unit, _prompt in self._waiting])
        words = np.array([len(prompt.bag) for prompt in prompts], np.int64)
        taught, asked = meeting(own, words, self._bands).T.tolist()
        alike = similarities([prompts[t] for t in taught], [self._prompts[a] for a in asked]).tolist()
        for this, that, similarity in zip(taught, asked, alike, strict=True):
            line, unit, _prompt = self._waiting[this]
            other = self._units[that]
            if similarity and (min(unit, other), max(unit, other)) not in self._apart:
                name, position = self._places[that]
                self._found.append(NearCase(line, name, position, similarity))
        self._waiting = []
