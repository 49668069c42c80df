"""SQL of stored signatures: written for a chunk, read for all, a block at a time."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.core.db import psycopg_connection
from app.datasets.near.queries import Source
from app.datasets.near.scheme import BANDS, PERMUTATIONS, SEED, VERSION
from app.datasets.near.signatures import Bands, from_bytes, to_bytes

BLOCK = 100_000  # stored signatures that are in memory at once, at most: 9 MB
_HEADER = 19  # bytes before the first row of a binary COPY
_BEFORE = 6  # bytes before the one value of a row: how many values, and its length
_ROW = np.dtype([("number", ">i8"), ("bands", "V", BANDS * 4)])
# A block is one value: the driver takes longer for a hundred thousand rows than the server for putting them together.
STORED = """
copy (select string_agg(int8send(number) || bands, '') from scanned_units where project_id = %s and version = %s
      group by number / %s) to stdout (format binary)
"""


# Columns come as one value each, because the driver takes several times as long to write them as arrays.
STORE = """
insert into scanned_units (project_id, unit, version, permutations, seed, bands, revision_id, case_id)
select %(project)s, unit, %(version)s, %(permutations)s, %(seed)s,
       substring(%(bands)s::bytea from (place::int - 1) * %(width)s + 1 for %(width)s), revision_id::uuid, case_id::uuid
from unnest(string_to_array(%(units)s, E'\n'), string_to_array(%(revisions)s, ' ', '-'),
            string_to_array(%(cases)s, ' ', '-')) with ordinality as given(unit, revision_id, case_id, place)
on conflict (project_id, unit) do update set version = excluded.version, seed = excluded.seed,
  permutations = excluded.permutations, bands = excluded.bands, revision_id = excluded.revision_id,
  case_id = excluded.case_id
where scanned_units.version < excluded.version
"""
NUMBERS = """
select unit, number from scanned_units where project_id = %s and unit = any(string_to_array(%s, E'\n'))
"""


def store(session: Session, project_id: str, sources: Sequence[Source], bands: Bands) -> list[int]:
    """The units' numbers, in order. Units of cases that stand nowhere yet, being uploaded, stand on the train side."""
    connection = psycopg_connection(session)
    connection.execute(
        "insert into split_assignments (project_id, unit, split) select %s, unnest(%s::text[]), 'train' "
        "on conflict do nothing",
        (project_id, [source.unit for source in sources if source.case_id is not None]),
    )
    units = "\n".join(source.unit for source in sources)
    values = {
        "project": project_id,
        "version": VERSION,
        "permutations": PERMUTATIONS,
        "seed": SEED,
        "bands": to_bytes(bands),
        "width": BANDS * 4,
        "units": units,
        "revisions": " ".join(source.revision_id or "-" for source in sources),
        "cases": " ".join(source.case_id or "-" for source in sources),
    }
    connection.execute(STORE, values)
    number_of: dict[str, int] = dict(connection.execute(NUMBERS, (project_id, units)).fetchall())
    return [number_of[source.unit] for source in sources]


def stored(session: Session, project_id: str) -> Iterator[tuple[NDArray[np.int64], Bands]]:
    """(numbers, bands) of everything that was scanned, a block at a time. Ask nothing else in between."""
    cursor = psycopg_connection(session).cursor()
    skipped = _HEADER + _BEFORE
    with cursor, cursor.copy(STORED, (project_id, VERSION, BLOCK)) as copy:
        for row in copy:
            if value := bytes(row)[skipped:]:  # behind the last one comes a mark without any
                yield _parsed(value)
            skipped = _BEFORE


def _parsed(value: bytes) -> tuple[NDArray[np.int64], Bands]:
    rows = np.frombuffer(value, _ROW)
    return rows["number"].astype(np.int64), from_bytes(rows["bands"].tobytes())
