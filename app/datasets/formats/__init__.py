"""Export formats. A new one is a module here with a ``WRITER`` and one line in ``WRITERS``."""

from app.datasets.formats import alpaca, csv_table, openai_chat, openai_preference, parquet, sharegpt, trl
from app.datasets.formats.base import CannotHold, Record, Writer, record_line

WRITERS: dict[str, Writer] = {
    module.WRITER.name: module.WRITER
    for module in (openai_chat, openai_preference, sharegpt, alpaca, trl, csv_table, parquet)
}

__all__ = ["WRITERS", "CannotHold", "Record", "Writer", "record_line"]
