"""The process that reads one document: ``python -m app.candidates.knowledge.reading.child '{"path": …}'``.

Confined before it opens anything, as the one that unpacks imports. It writes a JSON line for each version of a document
and answers one line of JSON.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.candidates.knowledge.reading.dated_lines import from_lines
from app.candidates.knowledge.reading.documents import Document, kind_of
from app.candidates.knowledge.reading.markup import of_text
from app.candidates.knowledge.reading.passages import prepared
from app.candidates.knowledge.reading.pdf import from_pdf
from app.examples.unpacking.confine import confine
from app.examples.unpacking.kinds import HEAD, Unreadable, refuse_unreadable
from app.examples.unpacking.output import Output, TooMuch

PDF, ZIP = b"%PDF", b"PK\x03\x04"


def main(asked: dict[str, Any]) -> dict[str, Any]:
    """``path``, ``out``, ``name``, ``dated``, ``limit`` in bytes, ``cpu_seconds``."""
    confine(asked["limit"], asked["cpu_seconds"])
    try:
        with Path(asked["out"]).open("wb") as file:
            output = Output(file, asked["limit"], None)
            for document in _documents(Path(asked["path"]), asked["name"], asked["dated"]):
                output.row(prepared(document))
    except Unreadable as error:
        return {"unreadable": str(error)}
    except TooMuch:
        return {"too_much": True}
    except (MemoryError, RecursionError):
        return {"memory": True}
    return {"read": True}


def _documents(path: Path, name: str, dated: str) -> Iterator[Document]:
    with path.open("rb") as file:
        head = file.read(HEAD)
    kind = kind_of(name)
    if head.startswith(PDF):
        text, pages = from_pdf(path)
        yield Document(name, dated, "pdf", text, pages)
        return
    if head.startswith(ZIP):
        raise Unreadable("The file is a Word document or a ZIP archive. Save it as PDF, HTML or plain text.")
    refuse_unreadable(head)
    if kind == "pdf":
        raise Unreadable("The file is called a PDF but is none.")
    if name.casefold().endswith((".jsonl", ".ndjson")):
        yield from from_lines(path)
        return
    yield of_text(name, dated, kind or "text", path.read_bytes())


if __name__ == "__main__":
    answer = main(json.loads(sys.argv[1]))
    print(json.dumps(answer))
