"""Putting examples that are written out as lines of COPY into the database.

The driver's own way, a value at a time, lets the thread that reads ahead in between at each of them.
"""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.core.db import psycopg_connection
from app.examples.copy_lines import EXAMPLE_COLUMNS, REVISION_COLUMNS, Origin, Written, escaped
from app.examples.models import Import


def origin_of(source: Import) -> Origin:
    return Origin(source.project_id, source.id, source.created_by, tuple(source.tags))


def add_units(session: Session, project_id: str, units: Sequence[str]) -> None:
    """Units that the project has not yet, on the train side. The caller holds the project's lock."""
    _copy(
        session,
        "split_assignments (project_id, split, unit)",
        [f"{project_id}\ttrain\t".encode() + escaped(unit) + b"\n" for unit in units],
    )


def copy_in(session: Session, examples: Sequence[Written], sides: Sequence[str]) -> None:
    """``sides``: 'train' or 'test' for each."""
    with_side = [side.encode() + one.example for side, one in zip(sides, examples, strict=True)]
    _copy(session, f"examples ({EXAMPLE_COLUMNS})", with_side)
    _copy(session, f"revisions ({REVISION_COLUMNS})", [one.revision for one in examples])


def _copy(session: Session, into: str, lines: Sequence[bytes]) -> None:
    with psycopg_connection(session).cursor() as cursor, cursor.copy(f"copy {into} from stdin") as copy:
        copy.write(b"".join(lines))
