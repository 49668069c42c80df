"""What a training run tells while it goes: metrics, checkpoints; and when it ends before its last step."""

import time
from collections import deque
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from app.engine.cadence import Cadence
from app.engine.events import report, say
from app.engine.memory import Memory
from app.engine.pause import PauseFlag
from app.engine.storage import append_line, now

#: Steps over which tokens per second are averaged.
_RECENT = 10
#: trl's names of what DPO measures, and ours.
_REWARDS = {
    "rewards/margins": "reward_margin",
    "rewards/accuracies": "reward_accuracy",
    "rewards/chosen": "reward_chosen",
    "rewards/rejected": "reward_rejected",
}
_VALID_REWARDS = ("reward_margin", "reward_accuracy")


class Progress(TrainerCallback):  # type: ignore[misc]
    """Writes events and checkpoint records; ends training for a pause, or when validation has stopped improving."""

    def __init__(self, folder: Path, pause: PauseFlag, cadence: Cadence, patience: int | None) -> None:
        self.folder, self.pause, self.cadence, self.patience = folder, pause, cadence, patience
        self.latest: dict[str, Any] = {}
        self.paused = False
        self.started, self.first_step = time.monotonic(), 0
        self._recent: deque[tuple[float, int]] = deque(maxlen=_RECENT + 1)

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self.started, self.first_step = time.monotonic(), state.global_step
        self._recent.append((self.started, int(state.num_input_tokens_seen)))
        where = f"from step {state.global_step}" if state.global_step else "at the beginning"
        say(self.folder, f"Training starts {where}: {state.max_steps} steps.")

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        if self.cadence.is_due(state.global_step):
            control.should_save = True
            control.should_evaluate = args.eval_strategy != "no"
        if self.pause.requested and state.global_step < state.max_steps:
            self.paused = control.should_save = control.should_training_stop = True

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
        } | {ours: logs[theirs] for theirs, ours in _REWARDS.items() if theirs in logs}
        self._recent.append((time.monotonic(), int(state.num_input_tokens_seen)))
        (since, before), (until, after) = self._recent[0], self._recent[-1]
        metrics = self._at(state) | self.latest | {"learning_rate": logs.get("learning_rate")}
        metrics["tokens_per_second"] = round((after - before) / max(until - since, 1e-6), 1)
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
        for theirs, ours in _REWARDS.items():
            if ours in _VALID_REWARDS and f"eval_{theirs}" in found:
                self.latest[f"valid_{ours}"] = found[f"eval_{theirs}"]
        message = f"Step {state.global_step}/{state.max_steps}: validation loss={loss:.4f}"
        report(self.folder, message, self._at(state) | self.latest)
        if self.patience and self._validations_since_best(state) >= self.patience:
            control.should_training_stop = True

    def _validations_since_best(self, state: TrainerState) -> int:
        """Counted in the state that checkpoints keep, so that it goes on after a pause."""
        losses = [entry["eval_loss"] for entry in state.log_history if "eval_loss" in entry and entry["step"] > 0]
        return len(losses) - 1 - losses.index(min(losses)) if losses else 0

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
        memory = Memory.read()
        return {
            "step": state.global_step,
            "total_steps": state.max_steps,
            "epoch": round(state.epoch or 0.0, 3),
            "tokens": int(state.num_input_tokens_seen),
            "seconds": round(elapsed, 2),
            "seconds_left": round(elapsed / done * (state.max_steps - state.global_step), 1),
            "memory_bytes": memory.now,
            "peak_memory_bytes": memory.peak,
        }
