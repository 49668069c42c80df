"""One training run through trl and peft. Imported by the training process only."""

import shutil
import time
from pathlib import Path
from typing import Any

import torch

from app.engine.building import Examples, build_trainer
from app.engine.cadence import Cadence
from app.engine.events import say
from app.engine.memory import Memory
from app.engine.pause import PauseFlag
from app.engine.progress import Progress
from app.engine.samples import Samples
from app.engine.storage import read_lines, write_json


def train(folder: Path, spec: dict[str, Any], tokenizer: Any, examples: Examples, pause: PauseFlag) -> bool:
    """Train and write ``model/`` and ``result.json``; False when a pause came first."""
    started = time.monotonic()
    torch.set_num_threads(spec["threads"])
    cadence = Cadence.of(len(examples["training_file"]), spec["batch_size"], spec["n_epochs"])
    progress = Progress(folder, pause, cadence, spec["early_stopping_patience"])
    samples = Samples(folder, spec, tokenizer, cadence, pause)
    trainer = build_trainer(folder, spec, tokenizer, examples, cadence, [progress, samples])
    checkpoint = last_checkpoint(folder)
    if checkpoint:
        trainer.args.eval_on_start = False
        say(folder, f"Resuming from {checkpoint.name}.")
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if progress.paused:
        return False
    if spec["early_stopping_patience"]:
        _tell_best(folder, trainer.state)
    _save(trainer, tokenizer, folder, full=spec["adapter"]["type"] == "full")
    parameters = list(trainer.model.parameters())
    result = {
        "trained_tokens": int(trainer.state.num_input_tokens_seen),
        "steps": trainer.state.global_step,
        "seconds": round(time.monotonic() - started, 1),
        "peak_memory_bytes": Memory.read().peak,
        "trainable": sum(p.numel() for p in parameters if p.requires_grad),
        "parameters": sum(p.numel() for p in parameters),
    }
    write_json(folder / "result.json", result)
    return True


def last_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint that was recorded as whole and is still there."""
    steps = sorted({line["step"] for line in read_lines(folder / "checkpoints.jsonl")}, reverse=True)
    found = (folder / "checkpoints" / f"checkpoint-{step}" for step in steps)
    return next((path for path in found if (path / "trainer_state.json").is_file()), None)


def _tell_best(folder: Path, state: Any) -> None:
    """Say which weights are kept: those of the best validation, which trl has put back."""
    best = {"step": state.global_step, "best_step": state.best_global_step, "best_valid_loss": state.best_metric}
    how = "Stopped early at" if state.global_step < state.max_steps else "Reached"
    kept = f"the weights of step {state.best_global_step} are kept, validation loss={state.best_metric:.4f}."
    say(folder, f"{how} step {state.global_step}: {kept}", data={"early_stop": best})


def _save(trainer: Any, tokenizer: Any, folder: Path, full: bool) -> None:
    """Write ``model/`` in one rename: an adapter, or all weights in bf16 with the tokenizer."""
    temporary = folder / "model.partial"
    shutil.rmtree(temporary, ignore_errors=True)
    model = trainer.model
    if full:
        model = model.to(torch.bfloat16)
        tokenizer.save_pretrained(temporary)
    model.save_pretrained(temporary)
    shutil.rmtree(folder / "model", ignore_errors=True)
    temporary.rename(folder / "model")
