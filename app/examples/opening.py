"""Opening an uploaded file: unpack it where that is needed, and say which format it has, by its content."""

from dataclasses import dataclass
from pathlib import Path

from app.core.errors import Invalid
from app.examples.formats import FORMATS, NotThisFile, json_lines, promptfoo_csv
from app.examples.shapes import shape_of
from app.examples.unpacking import parent
from app.examples.unpacking.kinds import BOM, HEAD, Unreadable, container_of, refuse_unreadable

CHOICES = ("auto", *FORMATS)
WORDS = {"gzip": "gzip", "parquet": "parquet", "json": "a JSON document", "yaml": "YAML"}


@dataclass(frozen=True)
class Opened:
    """``path`` is where the lines stand; ``container`` says how they were packed (``gzip, json``), or nothing."""

    path: Path
    format: str
    container: str


def open_file(path: Path, wanted: str = "auto", name: str = "") -> Opened:
    """``wanted`` is a format of interfaces.md or ``auto``; ``name`` decides only where the content leaves it open.

    Raises Invalid for a format that there is not, NotThisFile for a file that cannot be read, TooLarge for one that
    holds more than it may.
    """
    if wanted not in CHOICES:
        raise Invalid.field("format", f"There is no such format; these are: {', '.join(CHOICES)}.")
    try:
        head = _head(path)
        refuse_unreadable(head)
        packed = container_of(head, name, wanted) != ""
        kinds = parent.first_look(path, name, wanted) if packed else []
        kinds = [kind for kind in kinds if kind]
        lines = parent.readable(path, ", ".join(kinds))
        refuse_unreadable(_head(lines) if packed else head)
    except Unreadable as error:
        raise NotThisFile(str(error)) from error
    return Opened(lines, _format(lines, wanted, name, kinds), ", ".join(kinds))


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD)


def _format(lines: Path, wanted: str, name: str, kinds: list[str]) -> str:
    is_parquet = "parquet" in kinds
    if wanted == "parquet" or (is_parquet and wanted == "auto"):
        if not is_parquet:
            raise NotThisFile("The file is not parquet.")
        return "parquet"
    if wanted != "auto":
        return wanted
    documents = bool({"json", "yaml", "parquet"}.intersection(kinds))
    if documents or _is_jsonl(_head(lines), name):
        return _shape(lines, needed="yaml" in kinds)
    if not _is_table(_head(lines), name):
        raise NotThisFile("This is neither JSON nor a CSV table with a heading row.")
    return "promptfoo" if promptfoo_csv.has_expectations(lines) else "csv"


def _lines(head: bytes) -> list[bytes]:
    return [line.strip() for line in head.removeprefix(BOM).split(b"\n") if line.strip()][:50]


def _is_jsonl(head: bytes, name: str) -> bool:
    lines = _lines(head)
    objects = sum(line.startswith(b"{") for line in lines)
    return objects * 2 >= len(lines) or (objects > 0 and name.endswith((".jsonl", ".ndjson")))


def _is_table(head: bytes, name: str) -> bool:
    first = _lines(head)[0]
    return any(mark in first for mark in (b",", b";", b"\t", b"|")) or name.casefold().endswith((".csv", ".tsv"))


def _shape(lines: Path, *, needed: bool) -> str:
    """By the first objects: the format that most of them have the fields of. Lines that are none leave it open."""
    shapes = [shape_of(fields) for fields in json_lines.first_objects(lines, 20)]
    if not shapes:
        return "openai_chat"  # so that each broken line is named
    found = max(set(shapes), key=shapes.count)
    if found is None and needed:
        raise NotThisFile("The YAML file holds no tests with `vars` or `assert`, and nothing else that is known.")
    return found or "json_table"
