"""Import formats: which there are, which one a file has, and a first look at a file.

A new format is a module here with a ``FORMAT``, one line in ``FORMATS``, and its signs in ``detect``.
"""

from app.examples.formats import csv_table, openai_chat
from app.examples.formats.base import Format, NotThisFile, Position, Row
from app.examples.formats.detect import detect
from app.examples.formats.openai_chat import parse_jsonl_line

FORMATS: dict[str, Format] = {form.name: form for form in (openai_chat.FORMAT, csv_table.FORMAT)}

__all__ = ["FORMATS", "Format", "NotThisFile", "Position", "Row", "detect", "parse_jsonl_line"]
