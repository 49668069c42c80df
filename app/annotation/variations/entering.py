"""What a model wrote is checked against the test sets and against what is there before it may enter."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.annotation.assist import queries
from app.annotation.assist.models import ModelBatch, ModelBatchItem, Variation
from app.datasets.near import service as near
from app.examples import service as examples
from app.examples.models import Example
from app.examples.queries import lock_splits
from app.examples.rules import ParsedExample


def enter(
    session: Session, batch: ModelBatch, item: ModelBatchItem, seed: Example, written: Sequence[ParsedExample]
) -> tuple[list[Example], Counter[str]]:
    """Add those that are neither asked by a test set nor by another example, exactly or nearly. Answers the new
    examples, and how many were dropped for which reason.

    Whether a text is near to another one is found by adding it and comparing, and taking it back if it is.
    """
    lock_splits(session, batch.project_id)
    fresh, dropped = _exactly_new(session, batch.project_id, seed, written)
    if not fresh:
        return [], dropped
    savepoint = session.begin_nested()
    added = _add(session, batch, item, seed, fresh)
    near.bring_up_to_date(session, batch.project_id)
    alike = _alike(session, batch.project_id, [one.fingerprint_unit for one in fresh])
    if not alike:
        savepoint.commit()
        return added, dropped
    savepoint.rollback()
    dropped.update(alike.values())
    return _add(session, batch, item, seed, [one for one in fresh if one.fingerprint_unit not in alike]), dropped


def _exactly_new(
    session: Session, project_id: str, seed: Example, written: Sequence[ParsedExample]
) -> tuple[list[ParsedExample], Counter[str]]:
    units = [one.fingerprint_unit for one in written]
    held_out = queries.held_out(session, project_id, units)
    there = queries.known(session, project_id, units) | {seed.fingerprint_unit}
    fresh, dropped = [], Counter[str]()
    for one in written:
        if one.fingerprint_unit in held_out:
            dropped["in_test_set"] += 1
        elif one.fingerprint_unit in there:
            dropped["duplicate"] += 1
        else:
            there.add(one.fingerprint_unit)
            fresh.append(one)
    return fresh, dropped


def _alike(session: Session, project_id: str, units: Sequence[str]) -> dict[str, str]:
    """Those of the new units that are near to something else, and why each cannot stay.

    Of two new ones that are near to each other the first stays.
    """
    new, found = set(units), dict[str, str]()
    neighbours = [(pair.unit, pair.other) for pair in near.pairs(session, project_id, units)]
    others = {unit for pair in neighbours for unit in pair} - new
    held_out = queries.held_out(session, project_id, sorted(others))
    for one, other in neighbours:
        for unit, neighbour in ((one, other), (other, one)):
            if unit in new and neighbour in held_out:
                found[unit] = "like_test_set"
            elif unit in new and (neighbour not in new or units.index(neighbour) < units.index(unit)):
                found.setdefault(unit, "near_duplicate")
    return found


def _add(
    session: Session, batch: ModelBatch, item: ModelBatchItem, seed: Example, written: Sequence[ParsedExample]
) -> list[Example]:
    added = []
    reason = f"variation of #{seed.number}, written by {batch.model}"
    for one in written:
        example = examples.add_parsed(session, None, batch.project_id, one, reason=reason)
        session.add(Variation(example_id=example.id, batch_id=batch.id, seed_id=seed.id, seed_revision=item.revision))
        added.append(example)
    session.flush()
    return added
