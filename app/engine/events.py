"""Job events: appended by the engine and by the training process, read by callers."""

from pathlib import Path
from typing import Any

from app.engine.storage import append_line, new_id, now


def say(folder: Path, message: str, level: str = "info", data: dict[str, Any] | None = None) -> None:
    """Append an event of type ``message``, in OpenAI's shape, to the job's ``events.jsonl``."""
    _append(folder, message, level, "message", data or {})


def report(folder: Path, message: str, metrics: dict[str, Any]) -> None:
    """Append an event of type ``metrics``."""
    _append(folder, message, "info", "metrics", metrics)


def _append(folder: Path, message: str, level: str, type: str, data: dict[str, Any]) -> None:
    line = {
        "id": new_id("ftevent-"),
        "object": "fine_tuning.job.event",
        "created_at": now(),
        "level": level,
        "message": message,
        "type": type,
        "data": data,
    }
    append_line(folder / "events.jsonl", line)
