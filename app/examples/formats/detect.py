"""Which format a file has, by its content; and the files that cannot be read at all, each with the way out."""

from pathlib import Path
from typing import Any

from app.core.errors import Invalid
from app.examples.chat import Refused
from app.examples.formats.base import BOM, MAX_LINE, NotThisFile
from app.examples.formats.openai_chat import parse_json

KNOWN = ("openai_chat", "csv")
# names of interfaces.md §2 that are read by a later version
LATER = (
    "openai_preference",
    "openai_evals",
    "sharegpt",
    "alpaca",
    "parquet",
    "label_studio",
    "argilla",
    "promptfoo",
)
HEAD = 65_536
MAGIC = {
    b"\x1f\x8b": "The file is compressed (gzip). Unpack it first.",
    b"PK\x03\x04": "The file is a ZIP archive or a spreadsheet. Unpack it, or save the sheet as CSV (UTF-8).",
    b"BZh": "The file is compressed (bzip2). Unpack it first.",
    b"\x28\xb5\x2f\xfd": "The file is compressed (zstd). Unpack it first.",
    b"PAR1": "Parquet is not supported yet. Save the table as CSV or JSONL.",
    b"%PDF": "The file is a PDF. JSONL or CSV is needed.",
    b"\xff\xfe": "The file is UTF-16 text. Save it as UTF-8.",
    b"\xfe\xff": "The file is UTF-16 text. Save it as UTF-8.",
}
# fields by which JSONL of other kinds is known
SIGNS = {
    "conversations": "sharegpt",
    "instruction": "alpaca",
    "preferred_output": "openai_preference",
    "item": "openai_evals",
    "annotations": "label_studio",
    "vars": "promptfoo",
}


def detect(path: Path, wanted: str = "auto", name: str = "") -> str:
    """The format to read the file with: ``wanted``, or what the content says. ``name`` decides only where that is open.

    Raises Invalid for a format that is not supported, NotThisFile for a file that cannot be read.
    """
    if wanted in LATER:
        raise Invalid.field("format", f"{wanted} is not supported yet; these are: {', '.join(KNOWN)}.")
    if wanted not in ("auto", *KNOWN):
        raise Invalid.field("format", f"There is no such format; these are: auto, {', '.join(KNOWN)}.")
    with path.open("rb") as file:
        head = file.read(HEAD)
    _refuse_binary(head)
    lines = [line.strip() for line in head.removeprefix(BOM).split(b"\n") if line.strip()][:50]
    objects = sum(line.startswith(b"{") for line in lines)
    if wanted != "csv":
        _refuse_json_document(lines)
    if wanted != "auto":
        return wanted
    if objects * 2 >= len(lines) or (objects and name.endswith((".jsonl", ".ndjson"))):
        _refuse_other_jsonl(lines)
        return "openai_chat"
    if any(mark in lines[0] for mark in (b",", b";", b"\t", b"|")) or name.casefold().endswith((".csv", ".tsv")):
        return "csv"
    raise NotThisFile("This is neither JSONL (one JSON object a line) nor a CSV table with a heading row.")


def _refuse_binary(head: bytes) -> None:
    for magic, reason in MAGIC.items():
        if head.startswith(magic):
            raise NotThisFile(reason)
    if not head.strip(BOM + b" \t\r\n"):
        raise NotThisFile("The file is empty.")
    if head.count(0) > len(head) // 5:
        raise NotThisFile("The file is not UTF-8 text (every second character is NUL, as in UTF-16). Save it as UTF-8.")
    if b"\n" not in head and head.count(b"\r") > 1:
        raise NotThisFile("The lines end in CR alone, as on old Macs. Save the file with LF or CRLF.")


def _refuse_json_document(lines: list[bytes]) -> None:
    """An array, or an object spread over lines: JSON, but not one object a line."""
    first = lines[0]
    spread = first in (b"[", b"{") or (first.startswith(b"[") and first[1:].lstrip()[:1] == b"{")
    if spread:
        raise NotThisFile(
            "This is one JSON document. JSONL is needed, one object a line: "
            "`jq -c '.[]' file.json > file.jsonl` makes it of an array."
        )


def _refuse_other_jsonl(lines: list[bytes]) -> None:
    fields = _first_object(lines)
    if "messages" in fields:
        return
    for sign, name in SIGNS.items():
        if sign in fields:
            raise Invalid.field("file", f"This looks like {name}, which is not supported yet: `messages` is missing.")


def _first_object(lines: list[bytes]) -> dict[str, Any]:
    for line in lines:
        try:
            fields = parse_json(line[:MAX_LINE].decode())
        except (Refused, UnicodeDecodeError):
            continue
        if isinstance(fields, dict):
            return fields
    return {}
