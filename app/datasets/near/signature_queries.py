"""SQL of stored signatures: written for a chunk, read for all, a block at a time."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.core.db import psycopg_connection
from app.datasets.near.queries import Source
from app.datasets.near.scheme import BANDS, PERMUTATIONS, SEED, VERSION
from app.datasets.near.signatures import Bands, from_bytes, to_bytes

BLOCK = 100_000  # stored signatures that are in memory at once: 8 MB
_HEADER = 19  # bytes before the first row of a binary COPY
_ROW = np.dtype([("fields", ">i2"), ("_a", ">i4"), ("number", ">i8"), ("_b", ">i4"), ("bands", "V", BANDS * 4)])


def store(session: Session, project_id: str, sources: Sequence[Source], bands: Bands) -> list[int]:
    """The units' numbers, in order. Units that stand nowhere yet, as those of an upload, stand on the train side."""
    connection = psycopg_connection(session)
    units = [source.unit for source in sources]
    connection.execute(
        "insert into split_assignments (project_id, unit, split) select %s, unnest(%s::text[]), 'train' "
        "on conflict do nothing",
        (project_id, units),
    )
    connection.execute(
        "insert into scanned_units (project_id, unit, version, permutations, seed, bands, revision_id, case_id) "
        "select %s, unit, %s, %s, %s, bands, revision_id, case_id "
        "from unnest(%s::text[], %s::bytea[], %s::uuid[], %s::uuid[]) as given(unit, bands, revision_id, case_id) "
        "on conflict (project_id, unit) do update set version = excluded.version, seed = excluded.seed, "
        "permutations = excluded.permutations, bands = excluded.bands, revision_id = excluded.revision_id, "
        "case_id = excluded.case_id where scanned_units.version < excluded.version",
        (
            *(project_id, VERSION, PERMUTATIONS, SEED, units, to_bytes(bands)),
            [source.revision_id for source in sources],
            [source.case_id for source in sources],
        ),
    )
    rows = connection.execute(
        "select unit, number from scanned_units where project_id = %s and unit = any(%s)", (project_id, units)
    )
    number_of: dict[str, int] = dict(rows.fetchall())
    return [number_of[unit] for unit in units]


def stored(session: Session, project_id: str) -> Iterator[tuple[NDArray[np.int64], Bands]]:
    """(numbers, bands) of everything that was scanned, a block at a time. Ask nothing else in between."""
    select = "select number, bands from scanned_units where project_id = %s and version = %s"
    cursor = psycopg_connection(session).cursor()
    with cursor, cursor.copy(f"copy ({select}) to stdout (format binary)", (project_id, VERSION)) as copy:
        parts: list[bytes] = []
        for part in copy:
            parts.append(bytes(part))
            if len(parts) == BLOCK:
                yield _parsed(parts)
                parts = []
        yield _parsed(parts)


def _parsed(parts: list[bytes]) -> tuple[NDArray[np.int64], Bands]:
    data = b"".join(parts)
    start = _HEADER if data.startswith(b"PGCOPY") else 0
    count = (len(data) - start) // _ROW.itemsize
    rows = np.frombuffer(data, _ROW, count=count, offset=start)
    return rows["number"].astype(np.int64), from_bytes(rows["bands"].tobytes())
