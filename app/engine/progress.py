"""What a training run tells while it goes: metrics, checkpoints, and the pause between two steps."""

import resource
import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from app.engine.events import report, say
from app.engine.pause import PauseFlag
from app.engine.storage import append_line, now


class Progress(TrainerCallback):  # type: ignore[misc]
    """Writes events and checkpoint records; stops within a step when a pause is asked for."""

    def __init__(self, folder: Path, pause: PauseFlag) -> None:
        self.folder, self.pause = folder, pause
        self.latest: dict[str, Any] = {}
        self.started, self.first_step = time.monotonic(), 0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self.started, self.first_step = time.monotonic(), state.global_step
        where = f"from step {state.global_step}" if state.global_step else "at the beginning"
        say(self.folder, f"Training starts {where}: {state.max_steps} steps.")

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        if self.pause.requested and state.global_step < state.max_steps:
            control.should_save = control.should_training_stop = True

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        if not logs or "loss" not in logs:
            return
        self.latest = {
            "train_loss": logs["loss"],
            "train_mean_token_accuracy": logs.get("mean_token_accuracy"),
        }
        metrics = self._at(state) | self.latest | {"learning_rate": logs.get("learning_rate")}
        message = f"Step {state.global_step}/{state.max_steps}: training loss={logs['loss']:.4f}"
        report(self.folder, message, metrics)

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        found = metrics or {}
        loss, accuracy = found.get("eval_loss"), found.get("eval_mean_token_accuracy")
        # Always measured on the whole validation file, so OpenAI's two kinds are one number here.
        self.latest |= {
            "valid_loss": loss,
            "valid_mean_token_accuracy": accuracy,
            "full_valid_loss": loss,
            "full_valid_mean_token_accuracy": accuracy,
        }
        message = f"Step {state.global_step}/{state.max_steps}: validation loss={loss:.4f}"
        report(self.folder, message, self._at(state) | self.latest)

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        # Written after the checkpoint is whole; one without this line is never resumed from.
        line = {
            "step": state.global_step,
            "created_at": now(),
            "metrics": self.latest | {"step": state.global_step},
        }
        append_line(self.folder / "checkpoints.jsonl", line)
        say(self.folder, f"Checkpoint created at step {state.global_step}.")

    def _at(self, state: TrainerState) -> dict[str, Any]:
        elapsed = time.monotonic() - self.started
        done = max(1, state.global_step - self.first_step)
        return {
            "step": state.global_step,
            "total_steps": state.max_steps,
            "epoch": round(state.epoch or 0.0, 3),
            "tokens": int(state.num_input_tokens_seen),
            "seconds": round(elapsed, 2),
            "seconds_left": round(elapsed / done * (state.max_steps - state.global_step), 1),
            "peak_memory_bytes": peak_memory(),
        }


def peak_memory() -> int:
    """The most resident memory that this process ever held, in bytes (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
