"""OpenAI's chat fine-tuning format: the very bytes that were frozen and hashed."""

from collections.abc import Iterable, Iterator

from app.datasets.formats.base import Record, Writer
from app.datasets.rules import training_line


def write(records: Iterable[Record], paired: bool) -> Iterator[bytes]:
    return (training_line(record.messages, record.tools) for record in records)


WRITER = Writer(
    "openai_chat",
    "OpenAI chat",
    "jsonl",
    "application/jsonl",
    write,
    holds="messages and tools: the exact bytes that were frozen, and that a provider is sent",
    limits="no tags, groups or other fields of ours; no non-preferred answers",
)
