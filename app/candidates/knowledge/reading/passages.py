"""Cutting a document into passages, at headings, paragraphs and sentences (the library semantic-text-splitter)."""

from typing import Any

from app.candidates.knowledge.reading.documents import Document

FEWEST, MOST = 500, 1_200  # characters: two or three paragraphs, which a model and a reader take in at once
MARKUP = ("markdown", "html")


def prepared(document: Document) -> dict[str, Any]:
    """The row of a document: its ``passages`` are [text, where it stands] in order."""
    from semantic_text_splitter import MarkdownSplitter, TextSplitter

    splitter = (MarkdownSplitter if document.kind in MARKUP else TextSplitter)((FEWEST, MOST))
    passages = []
    for start, text in splitter.chunk_indices(document.text):
        if text.strip() and not _is_heading(text):
            passages.append([text.strip(), _place(document, start, text)])
    return {"name": document.name, "dated": document.dated, "kind": document.kind, "passages": passages}


def _is_heading(text: str) -> bool:
    """Headings stand over the passages below them; alone they answer nothing."""
    return all(line.startswith("#") or not line.strip() for line in text.splitlines())


def _place(document: Document, start: int, text: str) -> str:
    """The heading or page that a passage begins in; one that begins with its heading is in it."""
    begins = start + len(text) - len(text.lstrip())
    return next((name for offset, name in reversed(document.places) if offset <= begins), "")
