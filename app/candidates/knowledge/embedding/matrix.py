"""The vectors of a state as one matrix, kept in memory, and the passages closest to a question.

Exact: every passage is compared. A state of ``MOST_PASSAGES`` with 1,536 dimensions is 120 MB and one product of 30
million multiplications; an index pays only far above that, and would leave some out.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from app.candidates.knowledge.embedding import queries
from app.candidates.knowledge.embedding.embedder import digest
from app.checks.semantic import neighbours

if TYPE_CHECKING:  # numpy is loaded where vectors are compared, never at the start of the web
    from app.checks.semantic.neighbours import Matrix

MOST_PASSAGES = 20_000
KEPT_STATES = 2
_kept: OrderedDict[tuple[str, str, int], tuple[list[str], Matrix]] = OrderedDict()
_lock = Lock()


def closest(
    session: Session, versions: Sequence[str], model: str, vector: bytes, limit: int
) -> list[tuple[str, float]]:
    """(passage id, cosine) of those with the closest vectors, the closest first."""
    ids, everything = _of_state(session, versions, model)
    [asked] = neighbours.matrix([vector])
    if not ids or everything.shape[1] != len(asked):
        return []
    return [(ids[row], cosine) for row, cosine in neighbours.closest(everything, asked, limit, least=-1.0)]


def _of_state(session: Session, versions: Sequence[str], model: str) -> tuple[list[str], Matrix]:
    """A state never changes but for passages that get their vectors or are erased: the number of vectors tells."""
    key = (model, digest("\n".join(sorted(versions))), queries.counts(session, versions, model).vectors)
    with _lock:
        if key not in _kept:
            rows = queries.held(session, versions, model)
            _kept[key] = [row.id for row in rows], neighbours.matrix([row.vector for row in rows])
        _kept.move_to_end(key)
        while len(_kept) > KEPT_STATES:
            _kept.popitem(last=False)
        return _kept[key]
