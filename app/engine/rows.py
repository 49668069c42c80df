"""Training rows: OpenAI's chat JSONL, checked line by line."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from app.engine.messages import BadMessage, check_message

#: A row longer than this is not a chat.
MAX_LINE_BYTES = 4 * 1024 * 1024

Parsed = TypeVar("Parsed")


@dataclass(frozen=True)
class Row:
    """One training example and the line it came from (counted from 1)."""

    line: int
    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]]


class BadFile(ValueError):
    """A file that a job must not start with; ``field`` is the job's name for it, such as ``training_file``."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass
class Problems:
    """What is wrong with a file: the first few lines in words, the rest as a count."""

    shown: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, line: int, reason: str) -> None:
        self.count += 1
        if len(self.shown) < 10:
            self.shown.append(f"line {line}: {reason}")

    def as_error(self, field: str) -> BadFile:
        rows = "1 row" if self.count == 1 else f"{self.count:,} rows"
        more = f"; and {self.count - len(self.shown):,} more" if self.count > len(self.shown) else ""
        what = field.replace("_", " ")
        return BadFile(field, f"The {what} has {rows} that cannot be used: {'; '.join(self.shown)}{more}")


def read_rows(path: Path, parse: Callable[[bytes, int], Parsed]) -> Iterator[Parsed | tuple[int, str]]:
    """Each line as ``parse`` reads it, or as (line, reason) where that fails. Blank lines are skipped."""
    with path.open("rb") as file:
        for line, raw in enumerate(_bounded(file), start=1):
            if raw.strip():
                try:
                    yield parse(raw, line)
                except BadMessage as error:
                    yield line, str(error)


def _bounded(file: Any) -> Iterator[bytes]:
    while raw := file.readline(MAX_LINE_BYTES + 1):
        if len(raw) > MAX_LINE_BYTES and not raw.endswith(b"\n"):
            while (rest := file.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                pass
        yield raw


def parse_object(raw: bytes, line: int) -> dict[str, Any]:
    """A line as the JSON object that it must be; raises BadMessage with the reason."""
    if len(raw) > MAX_LINE_BYTES:
        raise BadMessage(f"longer than {MAX_LINE_BYTES:,} bytes")
    try:
        row = json.loads(raw.decode("utf-8-sig" if line == 1 else "utf-8"))
    except UnicodeDecodeError:
        raise BadMessage("not UTF-8") from None
    except RecursionError:
        raise BadMessage("nested too deeply") from None
    except ValueError as error:
        raise BadMessage(f"not JSON ({error})") from None
    if not isinstance(row, dict):
        raise BadMessage("must be a JSON object")
    return row


def parse_row(raw: bytes, line: int) -> Row:
    """Raises BadMessage with the reason."""
    row = parse_object(raw, line)
    if "preferred_output" in row:
        raise BadMessage("a preference row: it is for a job of method 'dpo'")
    messages = row.get("messages")
    if not isinstance(messages, list) or not messages:
        raise BadMessage("'messages' must be a list with at least one message")
    for index, message in enumerate(messages):
        check_message(message, f"messages[{index}]")
    if not any(is_trained(message) for message in messages):
        raise BadMessage("no assistant message to learn from")
    if messages[0]["role"] == "assistant":
        raise BadMessage("messages[0] is an assistant message: there is nothing to answer")
    return Row(line, messages, tools_of(row, "tools"))


def tools_of(holder: dict[str, Any], where: str) -> list[dict[str, Any]]:
    """The tools beside a list of messages; ``where`` names them in the error."""
    tools = holder.get("tools") or []
    if not isinstance(tools, list) or not all(isinstance(tool, dict) for tool in tools):
        raise BadMessage(f"'{where}' must be a list of objects")
    return tools


def is_trained(message: dict[str, Any]) -> bool:
    """Loss falls on assistant messages, unless their ``weight`` is 0."""
    return message["role"] == "assistant" and message.get("weight") != 0


def check_file(path: Path, field: str, parse: Callable[[bytes, int], object]) -> int:
    """The number of rows of a good file; raises BadFile naming the lines of a bad one."""
    count, problems = 0, Problems()
    for row in read_rows(path, parse):
        if isinstance(row, tuple):
            problems.add(*row)
        else:
            count += 1
    if problems.count:
        raise problems.as_error(field)
    if not count:
        raise BadFile(field, f"The {field.replace('_', ' ')} holds no rows.")
    return count
