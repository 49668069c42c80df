"""State on disk: JSON files that are either the old one or the new one, never half of one."""

import json
import os
import time
import uuid
from pathlib import Path
from typing import Any


def new_id(prefix: str) -> str:
    """An opaque id, ``prefix`` and 24 hex digits; safe as a file name."""
    return f"{prefix}{uuid.uuid4().hex[:24]}"


def now() -> int:
    """Unix time in whole seconds, the unit of OpenAI's objects."""
    return int(time.time())


def write_json(path: Path, value: Any) -> None:
    """Replace ``path`` atomically: after a crash at any moment it holds the old or the new value."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False, separators=(",", ":"))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename inside ``folder`` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def append_line(path: Path, value: dict[str, Any]) -> None:
    """Append one JSON line in a single write, so that lines of two processes never mix."""
    line = json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(descriptor, line)
    finally:
        os.close(descriptor)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The JSON lines of a file, without one torn by a crash; a missing file has none."""
    if not path.exists():
        return []
    found = []
    for line in path.read_bytes().splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found
