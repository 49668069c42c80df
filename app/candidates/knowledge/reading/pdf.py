"""The text of a PDF, page by page."""

import logging
from pathlib import Path

from app.candidates.knowledge.reading.documents import plain
from app.examples.unpacking.kinds import Unreadable


def from_pdf(path: Path) -> tuple[str, list[tuple[int, str]]]:
    """(text, where its pages begin). Raises Unreadable for a broken or locked one, and for one without text."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable("The PDF is locked by a password. Save a copy without it.")
        texts = [plain(page.extract_text()).strip() for page in reader.pages]
    except (PyPdfError, OSError) as error:
        raise Unreadable(f"The PDF is broken: {str(error)[:200]}") from error
    pages, text = [], ""
    for number, page in enumerate(texts, 1):
        if page:
            pages.append((len(text), f"page {number}"))
            text += page + "\n\n"
    if not text:
        raise Unreadable("The PDF holds no text, as scanned pages do. Save it with recognised text (OCR).")
    return text, pages
