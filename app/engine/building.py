"""Puts a run together: the model as its method holds it, trl's trainer and its arguments.

Nothing here depends on the device but precision, checkpointing of activations and where 4-bit weights lie.
"""

from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM, BitsAndBytesConfig
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

from app.engine.cadence import Cadence
from app.engine.encoding import Example, PairExample
from app.engine.precision import training_dtype

Examples = dict[str, list[Example | PairExample]]

_KEPT_CHECKPOINTS = 10


class _ReadyDpoTrainer(DPOTrainer):  # type: ignore[misc]
    """Takes rows as tokens, which trl's own would make again from text, without our checks."""

    def _prepare_dataset(self, dataset: Dataset, *others: Any) -> Dataset:
        return dataset


def build_trainer(
    folder: Path, spec: dict[str, Any], tokenizer: Any, examples: Examples, cadence: Cadence, callbacks: list[Any]
) -> Any:
    """trl's trainer for a job; ``examples`` by ``training_file`` and perhaps ``validation_file``."""
    on_gpu = spec["device"] != "cpu" and torch.cuda.is_available()
    if spec["device"] == "cuda" and not on_gpu:
        raise RuntimeError("the engine was started with --device cuda, but there is no CUDA")
    precision = training_dtype(on_gpu)
    kind = _ReadyDpoTrainer if spec["method"] == "dpo" else SFTTrainer
    validation = examples.get("validation_file")
    trainer = kind(
        model=_model(spec, on_gpu, precision),
        args=_arguments(folder, spec, cadence, on_gpu, precision, validate=validation is not None),
        train_dataset=_dataset(examples["training_file"]),
        eval_dataset=_dataset(validation) if validation else None,
        processing_class=tokenizer,
        peft_config=None if spec["adapter"]["type"] == "full" else _lora(spec["adapter"]),
        callbacks=callbacks,
    )
    for weight in trainer.model.parameters():
        if weight.requires_grad:  # steps are smaller than bf16 can add; trl leaves QLoRA's in it
            weight.data = weight.data.float()
    return trainer


def _model(spec: dict[str, Any], on_gpu: bool, precision: torch.dtype) -> Any:
    kind = spec["adapter"]["type"]
    options: dict[str, Any] = {"dtype": torch.float32 if kind == "full" else precision, "use_safetensors": True}
    if kind == "qlora":
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=precision,
        )
        options["device_map"] = {"": 0 if on_gpu else "cpu"}
    return AutoModelForCausalLM.from_pretrained(spec["base"], **options)


def _dataset(examples: list[Example | PairExample]) -> Dataset:
    names = examples[0].__dataclass_fields__
    return Dataset.from_dict({name: [getattr(row, name) for row in examples] for name in names})


def _lora(adapter: dict[str, Any]) -> LoraConfig:
    return LoraConfig(
        task_type="CAUSAL_LM",
        r=adapter["r"],
        lora_alpha=adapter["alpha"],
        lora_dropout=adapter["dropout"],
        target_modules=adapter["target_modules"],
    )


def _arguments(
    folder: Path, spec: dict[str, Any], cadence: Cadence, on_gpu: bool, precision: torch.dtype, validate: bool
) -> SFTConfig | DPOConfig:
    full = spec["adapter"]["type"] == "full"
    options: dict[str, Any] = {
        "output_dir": str(folder / "checkpoints"),
        "num_train_epochs": spec["n_epochs"],
        "per_device_train_batch_size": spec["batch_size"],
        "per_device_eval_batch_size": spec["batch_size"],
        "learning_rate": spec["adapter"]["learning_rate"] * spec["learning_rate_multiplier"],
        "lr_scheduler_type": "linear",
        "warmup_steps": min(10, cadence.total // 10),
        "seed": spec["seed"],
        "bf16": precision == torch.bfloat16,
        "use_cpu": not on_gpu,
        "gradient_checkpointing": on_gpu,  # on a CPU memory is plenty and time is not
        "dataloader_pin_memory": on_gpu,
        "logging_steps": 1,
        "save_strategy": "steps",
        "save_steps": cadence.total,  # before the end Progress asks for it, by the cadence; so with validation
        # A whole model with its optimizer is several times its own size.
        "save_total_limit": 1 if full else _KEPT_CHECKPOINTS,
        "include_num_input_tokens_seen": "non_padding",
        "max_length": None,  # rows that are too long were refused; none is cut
        "report_to": "none",
        "disable_tqdm": True,
    }
    if validate:
        options |= {"eval_strategy": "steps", "eval_steps": cadence.total, "eval_on_start": True}
    if spec["early_stopping_patience"]:
        options |= {"load_best_model_at_end": True, "metric_for_best_model": "eval_loss", "greater_is_better": False}
    if spec["method"] == "dpo":
        # Without an adapter to switch off, the reference is measured before training: no second model in memory.
        return DPOConfig(beta=spec["beta"], precompute_ref_log_probs=full, **options)
    return SFTConfig(dataset_kwargs={"skip_prepare_dataset": True}, **options)
