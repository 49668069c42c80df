"""Parts of a frozen version as versions of their own: each is frozen, hashed and looked through like any other."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.accounts.models import User
from app.core.errors import Conflict
from app.datasets import parting
from app.datasets import split_queries as splits
from app.datasets import version_queries as queries
from app.datasets.clusters import Clusters
from app.datasets.models import DatasetVersion, DatasetVersionItem
from app.datasets.versions import check_whole, hashes
from app.examples.models import SplitAssignment


@dataclass(frozen=True)
class Parted:
    """``training``: (share, version), the smallest first."""

    validation: DatasetVersion
    training: Sequence[tuple[float, DatasetVersion]]


def divide(
    session: Session, user: User, version: DatasetVersion, *, validation: float, shares: Sequence[float], seed: int
) -> Parted:
    """Freeze a part that validates (``validation`` of the lines) and nested parts to train on (``shares`` of the rest).

    Raises Conflict where too little is left of either, or the version's bytes cannot be had any more. Must not run
    inside a savepoint: the database closes a version with the transaction that made it.
    """
    check_whole(session, version)
    items = session.scalars(
        select(DatasetVersionItem)
        .where(DatasetVersionItem.dataset_version_id == version.id)
        .order_by(DatasetVersionItem.position)
    ).all()
    _check_side(session, version)
    together = Clusters(splits.links(session, version.project_id))
    units = [together.of(item.fingerprint_unit) for item in items]
    parts = parting.cut(units, round(len(items) * validation), sorted(shares), seed)
    if not parts.validation or not all(parts.training.values()):
        raise Conflict(f"v{version.number} is too small, or too much alike, to be divided like this.")

    def part(places: Sequence[int], words: str, **facts: object) -> DatasetVersion:
        return _freeze(session, user, version, [items[place] for place in places], words, facts)

    made = part(parts.validation, "held back", validation=validation, seed=seed)
    training = [
        (share, part(places, f"{share:.0%} of the rest", share=share, seed=seed))
        for share, places in parts.training.items()
    ]
    return Parted(made, training)


def _check_side(session: Session, version: DatasetVersion) -> None:
    query = (
        select(DatasetVersionItem.position)
        .join(
            SplitAssignment,
            (SplitAssignment.project_id == DatasetVersionItem.project_id)
            & SplitAssignment.unit.in_((DatasetVersionItem.fingerprint_unit, DatasetVersionItem.group_unit)),
        )
        .where(DatasetVersionItem.dataset_version_id == version.id, SplitAssignment.split == "test")
    )
    if session.scalar(query.limit(1)) is not None:
        raise Conflict(f"Some of v{version.number} is held out for testing by now: freeze a new version.")


def _freeze(
    session: Session,
    user: User,
    source: DatasetVersion,
    items: Sequence[DatasetVersionItem],
    words: str,
    facts: dict[str, object],
) -> DatasetVersion:
    made = DatasetVersion(
        project_id=source.project_id,
        number=queries.next_number(session, source.project_id),
        name=f"{source.name[:150]}: {words}",
        filters={"part of": f"v{source.number}"} | facts,
        size=len(items),
        content_hash="",
        created_by=user.id,
    )
    made.content_hash, made.record_hash = hashes(queries.records_of(session, [item.revision_id for item in items]))
    queries.insert_version(session, made)
    names = ("project_id", "example_id", "revision_id", "fingerprint_unit", "group_unit")
    rows = [
        {"dataset_version_id": made.id, "position": place} | {name: getattr(item, name) for name in names}
        for place, item in enumerate(items, 1)
    ]
    session.execute(insert(DatasetVersionItem), rows)
    told = {"name": f"v{made.number} {made.name}", "size": made.size, "content_hash": made.content_hash}
    record(session, "freeze", "dataset_version", made.id, actor_id=user.id, project_id=made.project_id, **told)
    return made
