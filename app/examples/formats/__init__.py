"""Import formats: which there are, and which one a file has.

A new format is a module here with a ``FORMAT``, one line in ``FORMATS``, and its sign in ``app/examples/shapes.py``.
"""

from app.examples.formats import (
    alpaca,
    argilla,
    csv_table,
    ifeval,
    json_table,
    label_studio,
    openai_chat,
    openai_evals,
    openai_preference,
    parquet,
    promptfoo,
    sharegpt,
)
from app.examples.formats.base import Format, NotThisFile, Position, Row, Table
from app.examples.formats.openai_chat import parse_jsonl_line

FORMATS: dict[str, Format] = {
    form.name: form
    for form in (
        openai_chat.FORMAT,
        openai_preference.FORMAT,
        openai_evals.FORMAT,
        sharegpt.FORMAT,
        alpaca.FORMAT,
        csv_table.FORMAT,
        parquet.FORMAT,
        label_studio.FORMAT,
        argilla.FORMAT,
        promptfoo.FORMAT,
        ifeval.FORMAT,
        json_table.FORMAT,
    )
}

__all__ = ["FORMATS", "Format", "NotThisFile", "Position", "Row", "Table", "parse_jsonl_line"]
