"""One training run through trl and peft. Imported by the training process only."""

import math
import shutil
import time
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM
from trl import SFTConfig, SFTTrainer

from app.engine.encoding import Example
from app.engine.events import say
from app.engine.pause import PauseFlag
from app.engine.progress import Progress, peak_memory
from app.engine.storage import read_lines, write_json

#: Epochs longer than this many steps are saved, and validated, in between as well.
_LONG_EPOCH = 500
_KEPT_CHECKPOINTS = 10


def train(
    folder: Path, spec: dict[str, Any], tokenizer: Any, examples: dict[str, list[Example]], pause: PauseFlag
) -> bool:
    """Train and write ``model/`` and ``result.json``; False when a pause came first."""
    started = time.monotonic()
    torch.set_num_threads(spec["threads"])
    full = spec["adapter"]["type"] == "full"
    trainer = _trainer(folder, spec, tokenizer, examples, pause)
    checkpoint = last_checkpoint(folder)
    if checkpoint:
        say(folder, f"Resuming from {checkpoint.name}.")
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if trainer.state.global_step < trainer.state.max_steps:
        return False
    _save(trainer, tokenizer, folder, full)
    parameters = list(trainer.model.parameters())
    result = {
        "trained_tokens": spec["n_epochs"] * sum(len(row.input_ids) for row in examples["training_file"]),
        "steps": trainer.state.global_step,
        "seconds": round(time.monotonic() - started, 1),
        "peak_memory_bytes": peak_memory(),
        "trainable": sum(p.numel() for p in parameters if p.requires_grad),
        "parameters": sum(p.numel() for p in parameters),
    }
    write_json(folder / "result.json", result)
    return True


def _trainer(
    folder: Path, spec: dict[str, Any], tokenizer: Any, examples: dict[str, list[Example]], pause: PauseFlag
) -> Any:
    full = spec["adapter"]["type"] == "full"
    on_gpu = spec["device"] != "cpu" and torch.cuda.is_available()
    # Frozen weights stay in bf16. Weights that are trained need fp32: steps are smaller than bf16 can add.
    model = AutoModelForCausalLM.from_pretrained(
        spec["base"], dtype=torch.float32 if full else torch.bfloat16, use_safetensors=True
    )
    return SFTTrainer(
        model=model,
        args=_arguments(folder, spec, len(examples["training_file"]), "validation_file" in examples, on_gpu),
        train_dataset=_dataset(examples["training_file"]),
        eval_dataset=_dataset(examples["validation_file"]) if "validation_file" in examples else None,
        processing_class=tokenizer,
        peft_config=None if full else _lora(spec["adapter"]),
        callbacks=[Progress(folder, pause)],
    )


def _dataset(examples: list[Example]) -> Dataset:
    rows = {"input_ids": [row.input_ids for row in examples], "labels": [row.labels for row in examples]}
    return Dataset.from_dict(rows)


def _lora(adapter: dict[str, Any]) -> LoraConfig:
    return LoraConfig(
        task_type="CAUSAL_LM",
        r=adapter["r"],
        lora_alpha=adapter["alpha"],
        lora_dropout=adapter["dropout"],
        target_modules=adapter["target_modules"],
    )


def _arguments(folder: Path, spec: dict[str, Any], rows: int, validate: bool, on_gpu: bool) -> SFTConfig:
    epoch = math.ceil(rows / spec["batch_size"])
    often: dict[str, Any] = {"save_strategy": "epoch"} if epoch <= _LONG_EPOCH else {"save_steps": _LONG_EPOCH}
    if validate:
        often["eval_strategy"] = often.get("save_strategy", "steps")
        often["eval_steps"] = _LONG_EPOCH
    return SFTConfig(
        output_dir=str(folder / "checkpoints"),
        num_train_epochs=spec["n_epochs"],
        per_device_train_batch_size=spec["batch_size"],
        per_device_eval_batch_size=spec["batch_size"],
        learning_rate=spec["adapter"]["learning_rate"] * spec["learning_rate_multiplier"],
        lr_scheduler_type="linear",
        warmup_steps=min(10, epoch * spec["n_epochs"] // 10),
        seed=spec["seed"],
        bf16=True,
        use_cpu=not on_gpu,
        gradient_checkpointing=on_gpu,  # on a CPU memory is plenty and time is not
        dataloader_pin_memory=on_gpu,
        logging_steps=1,
        # A whole model with its optimizer is several times its own size.
        save_total_limit=1 if spec["adapter"]["type"] == "full" else _KEPT_CHECKPOINTS,
        include_num_input_tokens_seen="non_padding",
        max_length=None,  # rows that are too long were refused; none is cut
        dataset_kwargs={"skip_prepare_dataset": True},
        report_to="none",
        disable_tqdm=True,
        **often,
    )


def last_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint that was recorded as whole and is still there."""
    steps = sorted({line["step"] for line in read_lines(folder / "checkpoints.jsonl")}, reverse=True)
    found = (folder / "checkpoints" / f"checkpoint-{step}" for step in steps)
    return next((path for path in found if (path / "trainer_state.json").is_file()), None)


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
