"""One document as text, with what its parts are called."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from app.examples.unpacking.kinds import BOM, Unreadable

Kind = Literal["markdown", "html", "pdf", "text"]
KINDS: dict[str, Kind] = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".pdf": "pdf",
    ".txt": "text",
    ".text": "text",
}


@dataclass(frozen=True)
class Document:
    """``dated``: ISO date from which this version holds. ``places``: (offset, name) of headings or pages in order."""

    name: str
    dated: str
    kind: Kind
    text: str
    places: Sequence[tuple[int, str]] = ()


def kind_of(name: str) -> Kind | None:
    return KINDS.get(PurePosixPath(name).suffix.casefold())


def plain(text: str) -> str:
    """As it is stored: lines end in LF, and what Postgres cannot hold is gone."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return text.encode("utf-8", "ignore").decode()


def decoded(raw: bytes) -> str:
    """Raises Unreadable naming the line that is not UTF-8."""
    try:
        return plain(raw.removeprefix(BOM).decode())
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Unreadable(f"Line {line} is not UTF-8 text. Save the file as UTF-8.") from error
