"""A file that is uploaded into a test set, opened and read as an import opens and reads it: any format, packed or not.

The columns of a table are taken by the mapping that is given, or else by their names.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

from app.core.errors import Invalid
from app.examples.formats import FORMATS, NotThisFile, Position, Row, ifeval, json_lines, openai_chat
from app.examples.formats.columns import checked, suggest
from app.examples.import_service import new_upload, shown_name, table_of
from app.examples.opening import Opened, open_file
from app.examples.rules import ParsedExample
from app.examples.shapes import shape_of
from app.examples.unpacking.parent import is_whole, remove

MIXED = ("openai_chat", "ifeval")  # lines of one file may be of both


@contextmanager
def opened(file: BinaryIO, name: str, wanted: str) -> Iterator[Opened]:
    """The file as it lies on the disk meanwhile. Raises Invalid or TooLarge where it cannot be read."""
    path = new_upload()
    try:
        with path.open("wb") as copy:
            shutil.copyfileobj(file, copy)
        found = open_file(path, wanted, shown_name(name))
        if found.container and not is_whole(path):
            raise NotThisFile("The file takes too long to unpack. Upload it unpacked, as JSONL.")
        yield found
    finally:
        remove(path)


def mapping_of(found: Opened, given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Which column is what; None where the rows say so themselves. Raises Invalid."""
    table = table_of(found.format, found.path)
    if table is None:
        if given:
            raise Invalid.field(
                "mapping", "There is nothing to map in this file: its rows say themselves what is what."
            )
        return None
    needed = FORMATS[found.format].needs_mapping
    try:
        chosen = checked(given if given is not None else suggest(table), table.columns, answer=needed)
    except Invalid as error:
        if given is not None:
            raise
        raise NotThisFile(
            "No column has a name that says what is expected: call one “answer”, “label” or “behavior”. "
            f"The columns are: {', '.join(table.columns)[:300]}."
        ) from error
    return chosen.model_dump(exclude_none=True)


def rows(found: Opened, mapping: dict[str, Any] | None) -> Iterator[Row]:
    if found.format in MIXED:
        return json_lines.rows(found.path, Position(), _of_its_own_shape)
    return FORMATS[found.format].rows(found.path, mapping, Position())


def _of_its_own_shape(fields: dict[str, Any]) -> ParsedExample:
    return ifeval.parse(fields) if shape_of(fields) == "ifeval" else openai_chat.parse(fields)
