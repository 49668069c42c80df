"""Keeping vectors up to date, and asking which examples are alike."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from rapidfuzz import fuzz
from sqlalchemy.orm import Session

from app.checks.pool.components import Pair
from app.checks.semantic import model, neighbours, queries
from app.core.db import transaction
from app.examples.chat import INSTRUCTION_ROLES
from app.examples.models import Example
from app.examples.queries import get
from app.examples.queries import revision as revision_of
from app.examples.rules import normalise, prompt, text_of

CHUNK = 128
COMPARED = 512
READ = 2_000  # characters of a request: more than the model reads
SHARED_WORDS = 12
LOOKED_AT = 200
LEAST_LIKE = 0.5  # of rapidfuzz's token set ratio, where there is no model


@dataclass(frozen=True, slots=True)
class Similar:
    """Another example and how alike its request is, 0..1; ``by`` is ``meaning`` or ``words``."""

    example_id: str
    similarity: float
    by: str


def bring_up_to_date(project_id: str, go_on: Callable[[], object]) -> None:
    """Embed requests that have no vector and compare them with all. Resumable; ``go_on`` raises to stop.

    Without the model nothing happens. Vectors are made outside any transaction.
    """
    if not model.available():
        return
    with transaction() as session:
        queries.forget_gone(session, project_id)
    after = ""
    while True:
        go_on()
        with transaction() as session:
            rows = queries.units_without(session, project_id, after, CHUNK)
        if not rows:
            break
        after = rows[-1].unit
        vectors = neighbours.stored(model.embed([spoken(row.messages) for row in rows]))
        with transaction() as session:
            queries.store(session, project_id, [(row.unit, one) for row, one in zip(rows, vectors, strict=True)])
    _compare(project_id, go_on)


def _compare(project_id: str, go_on: Callable[[], object]) -> None:
    with transaction() as session:
        rows = queries.vectors(session, project_id)
    fresh = [place for place, row in enumerate(rows) if not row.compared]
    if not fresh:
        return
    everything = neighbours.matrix([row.vector for row in rows])
    for start in range(0, len(fresh), COMPARED):
        go_on()
        part = fresh[start : start + COMPARED]
        close = neighbours.close_pairs(everything, part)
        pairs = {(min(one, two), max(one, two)): cosine for one, two, cosine in close}
        named = [(rows[one].unit, rows[two].unit, cosine) for (one, two), cosine in pairs.items()]
        with transaction() as session:
            queries.add_pairs(session, project_id, named, [rows[place].unit for place in part])


def spoken(messages: list[dict[str, object]]) -> str:
    """What is asked: the turns before the target answer without instructions; of a long talk its end."""
    turns = [text_of(one.get("content")) for one in prompt(messages) if one["role"] not in INSTRUCTION_ROLES]
    return "\n".join(turns)[-READ:]


def pairs(session: Session, project_id: str) -> list[Pair]:
    """Requests that are near certain to mean the same."""
    return [Pair(row.unit, row.other, row.similarity) for row in queries.pairs(session, project_id)]


def similar(session: Session, project_id: str, example_id: str, limit: int = 10) -> list[Similar]:
    """The examples whose requests are most like this one's, the closest first; never the example itself.

    By meaning where the model is installed; else, or where nothing means the same, by the words that they share.
    Raises NotFound.
    """
    example = get(session, project_id, example_id)
    return _by_meaning(session, example, limit) or _by_words(session, example, limit)


def _by_meaning(session: Session, example: Example, limit: int) -> list[Similar]:
    rows = queries.vectors(session, example.project_id) if model.available() else ()
    if not rows:
        return []
    own = next((row.vector for row in rows if row.unit == example.fingerprint_unit), None)
    if own is None:
        current = revision_of(session, example.id, example.revision)
        own = neighbours.stored(model.embed([spoken(current.messages)]))[0]
    everything = neighbours.matrix([row.vector for row in rows])
    close = neighbours.closest(everything, neighbours.matrix([own])[0], limit + 1)
    cosines = {rows[place].unit: cosine for place, cosine in close}
    found = queries.of_units(session, example.project_id, cosines, example.id)
    alike = [Similar(example_id, round(cosines[unit], 4), "meaning") for unit, example_id in found]
    return sorted(alike, key=lambda one: (-one.similarity, one.example_id))[:limit]


def _by_words(session: Session, example: Example, limit: int) -> list[Similar]:
    said = normalise(example.request)
    words = sorted(set(re.findall(r"\w{3,40}", said)), key=lambda word: (-len(word), word))[:SHARED_WORDS]
    if not words:
        return []
    rows = queries.by_words(session, example.project_id, example.id, words, LOOKED_AT)
    alike = [Similar(row.id, fuzz.token_set_ratio(said, normalise(row.request)) / 100, "words") for row in rows]
    kept = [one for one in alike if one.similarity >= LEAST_LIKE]
    return sorted(kept, key=lambda one: (-one.similarity, one.example_id))[:limit]
