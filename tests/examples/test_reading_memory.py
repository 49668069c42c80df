"""The process that reads a plain file is capped: a file that asks for more ends with a clear error, and stays whole."""

import sys
from pathlib import Path

import pytest

from app.examples import read_ahead
from app.examples.copy_lines import Origin
from app.examples.formats import Position
from app.examples.reading import Reading
from app.examples.unpacking.kinds import Unreadable
from tests.examples.factories import chat, jsonl

LINE = 3_900_000  # bytes: within the limit of a line
HOSTILE = {
    "many small lists": b'{"metadata":{"a":[' + b"[]," * (LINE // 3) + b"[]]}}",
    "many small objects": b'{"metadata":[' + b'{"a":1},' * (LINE // 8) + b"{}]}",
    "many messages": b'{"messages":[' + b"{}," * (LINE // 3) + b"{}]}",
    "deep": b'{"a":' * (LINE // 5),
    "a long text": b'{"messages":[{"role":"user","content":"' + b"\\u00e9" * (LINE // 6) + b'"}]}',
}


def reading(tmp_path: Path, content: bytes, format: str = "openai_chat") -> Reading:
    path = tmp_path / "file"
    path.write_bytes(content)
    mapping = {"user": "a", "assistant": "b"} if format == "csv" else None
    return Reading(path, format, mapping, Position(), Origin("p", "i", None, ()))


@pytest.mark.skipif(sys.platform != "linux", reason="the cap is the operating system's")
@pytest.mark.parametrize("megabytes", [100, 150, 220])
def test_what_needs_more_memory_ends_with_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, megabytes: int
) -> None:
    """Whether it ends in Python's words or in a library's that does not check what it was given."""
    monkeypatch.setattr(read_ahead, "READING_MEMORY", megabytes * 1_000_000)
    asked = reading(tmp_path, jsonl(chat("First")) + (HOSTILE["many small lists"] + b"\n") * 3)
    with pytest.raises(Unreadable, match="needs more memory than it may have"):
        list(read_ahead.ahead(asked))


@pytest.mark.parametrize("name", HOSTILE)
def test_the_worst_lines_are_refused_by_themselves_within_the_cap(tmp_path: Path, name: str) -> None:
    """Three of them make a batch; none reaches the cap, so that a row after them still comes in."""
    asked = reading(tmp_path, (HOSTILE[name] + b"\n") * 3 + jsonl(chat("Last")))
    batches = list(read_ahead.ahead(asked))
    assert sum(len(batch.written) for batch in batches) == 1
    assert sum(len(batch.others) for batch in batches) == 3


@pytest.mark.parametrize(
    ("format", "head", "good"), [("openai_chat", b"", jsonl(chat("Last"))), ("csv", b"a,b\n", b"c,d\n")]
)
def test_a_huge_line_is_passed_over_unread(tmp_path: Path, format: str, head: bytes, good: bytes) -> None:
    huge = b'"' + b"x" * 60_000_000 + b"\n"
    batches = list(read_ahead.ahead(reading(tmp_path, head + huge + good, format)))
    assert [row.reason for batch in batches for row in batch.others] == ["the line: is longer than 4 MB"]
    assert sum(len(batch.written) for batch in batches) == 1
