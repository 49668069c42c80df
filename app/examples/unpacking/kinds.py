"""How a file is packed, by its first bytes; and the files that cannot be read at all, each with the way out. Pure."""

import json

from app.examples.shapes import shape_of

BOM = b"\xef\xbb\xbf"
HEAD = 65_536
GZIP, PARQUET = b"\x1f\x8b", b"PAR1"
UNREADABLE = {
    b"PK\x03\x04": "The file is a ZIP archive, a spreadsheet or a saved model. Unpack it, or save the sheet as CSV.",
    b"BZh": "The file is compressed (bzip2). Unpack it first.",
    b"\x28\xb5\x2f\xfd": "The file is compressed (zstd). Unpack it first.",
    b"\xfd7zXZ": "The file is compressed (xz). Unpack it first.",
    b"ARROW1": "The file is in Arrow's or Feather's format. Save the table as parquet, CSV or JSONL.",
    b"\x93NUMPY": "The file is a NumPy array. Save the table as parquet, CSV or JSONL.",
    b"\x89HDF": "The file is in HDF5 format. Save the table as parquet, CSV or JSONL.",
    b"%PDF": "The file is a PDF. JSONL or CSV is needed.",
    b"\xff\xfe": "The file is UTF-16 text. Save it as UTF-8.",
    b"\xfe\xff": "The file is UTF-16 text. Save it as UTF-8.",
}
PICKLES = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))
TOO_MUCH = (
    "Reading the file needs more memory than it may have: some of its rows hold too many parts. What was imported so "
    "far stays; split or remove those rows, and import the file again."
)


class Unreadable(ValueError):
    """``str(error)`` says why and what to do."""


def refuse_unreadable(head: bytes) -> None:
    """Raises Unreadable for what is neither text nor packed in a way that is opened here."""
    for magic, reason in UNREADABLE.items():
        if head.startswith(magic):
            raise Unreadable(reason)
    if head.startswith(PICKLES):
        raise Unreadable("The file is a Python pickle. Those can run code when they are opened, and never are here.")
    if head.startswith((GZIP, PARQUET)):
        return
    if not head.strip(BOM + b" \t\r\n"):
        raise Unreadable("The file is empty.")
    if head.count(0) > len(head) // 5:
        raise Unreadable("The file is not UTF-8 text (every second character is NUL, as in UTF-16). Save it as UTF-8.")
    if b"\n" not in head and head.count(b"\r") > 1:
        raise Unreadable("The lines end in CR alone, as on old Macs. Save the file with LF or CRLF.")


def container_of(head: bytes, name: str = "", wanted: str = "auto") -> str:
    """``gzip``, ``parquet``, ``json`` (a document rather than lines), ``yaml``, or nothing for plain lines.

    ``wanted`` is the format that somebody chose: a table's text is never taken for a document.
    """
    if head.startswith(GZIP):
        return "gzip"
    if head.startswith(PARQUET):
        return "parquet"
    text = head.removeprefix(BOM).lstrip()
    if wanted == "csv":
        return ""
    if name.casefold().removesuffix(".gz").endswith((".yaml", ".yml")):
        return "yaml"
    if wanted == "promptfoo" and text.startswith((b"- ", b"tests:", b"prompts:", b"description:", b"---")):
        return "yaml"
    return "json" if _is_document(text, whole=len(head) < HEAD) else ""


def _is_document(text: bytes, *, whole: bool) -> bool:
    """An array, an object spread over lines, or one that holds lists of rows: JSON, but not one object a line."""
    first, _, rest = text.partition(b"\n")
    first, more = first.strip(), rest.strip()
    if first.startswith(b"["):
        return first[1:].lstrip()[:1] in (b"", b"{", b"[", b'"', b"]") and not (more and first.endswith(b"]"))
    if not first.startswith(b"{"):
        return False
    if more:  # spread over lines: such a line breaks off where JSON may be broken
        return first.endswith((b"{", b"[", b",")) and more[:1] in (b'"', b"{", b"[", b"}", b"]")
    return _wraps_rows(first) if whole else b'"messages"' not in first


def _wraps_rows(line: bytes) -> bool:
    """Whether the only line is an object around lists of rows."""
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return False
    if not isinstance(document, dict) or shape_of(document):
        return False
    return any(isinstance(value, list) and value and isinstance(value[0], dict | list) for value in document.values())
