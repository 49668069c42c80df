"""What a training process leaves for the engine to read: a result, or why there is none."""

import csv
import io
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app.engine.child import exit_reason
from app.engine.files import FileStore
from app.engine.storage import read_json

#: Only needed to go on with training; several times the size of an adapter.
_RESUME_STATE = ("optimizer.pt", "scheduler.pt", "rng_state.pth")
_COLUMNS = (
    "step",
    "train_loss",
    "train_mean_token_accuracy",
    "valid_loss",
    "valid_mean_token_accuracy",
    "learning_rate",
    "tokens",
)


@dataclass(frozen=True)
class Outcome:
    """The ``result.json`` of a training process that reached its end; written last, so it is complete."""

    trained_tokens: int
    steps: int
    seconds: float
    peak_memory_bytes: int
    #: Parameters that were trained, and all of them.
    trainable: int
    parameters: int

    @classmethod
    def read(cls, folder: Path) -> "Outcome | None":
        path = folder / "result.json"
        return cls(**read_json(path)) if path.exists() else None

    def public(self) -> dict[str, Any]:
        return asdict(self)


def forget_resume_state(folder: Path) -> None:
    """Shrink the checkpoints of a job that has ended to what serving them takes."""
    for name in _RESUME_STATE:
        for path in folder.glob(f"checkpoints/checkpoint-*/{name}"):
            path.unlink(missing_ok=True)


def failure(folder: Path, code: int) -> dict[str, Any]:
    """Why a training process failed: its own word for it, or the way it ended and its last log line."""
    path = folder / "failure.json"
    if path.exists():
        return dict(read_json(path))
    last = log_tail(folder, 4_000).strip().splitlines()
    message = f"The training process failed: {exit_reason(code)}."
    if last and code >= 0:
        message = f"{message} Its last line was: {last[-1][:500]}"
    return {"code": "training_process_ended", "message": message}


def log_tail(folder: Path, size: int) -> str:
    """The last ``size`` bytes of what the training process printed."""
    path = folder / "train.log"
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - size))
        return file.read().decode(errors="replace")


def write_step_metrics(events: list[dict[str, Any]], files: FileStore) -> str:
    """Store the metrics events (newest first) as OpenAI's ``step_metrics.csv``; answers the file's id."""
    steps: dict[int, dict[str, Any]] = {}
    for event in reversed(events):
        if event["type"] == "metrics":
            steps.setdefault(event["data"]["step"], {}).update(event["data"])
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, extrasaction="ignore", restval="")
    writer.writeheader()
    writer.writerows(steps[step] for step in sorted(steps))
    stream = io.BytesIO(text.getvalue().encode())
    return str(files.add(stream, filename="step_metrics.csv", purpose="fine-tune-results")["id"])
