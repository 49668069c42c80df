"""What is known of a model folder without loading it: sizes from ``config.json`` and the heads of its weight files."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from math import prod
from pathlib import Path
from typing import Any

from app.engine.storage import read_json


@dataclass(frozen=True)
class ModelFacts:
    """What a memory estimate starts from. Counts of parameters, and ``weight_bytes`` as they lie on the disk."""

    parameters: int
    #: In the linear layers of the blocks: what QLoRA holds in 4 bits, and where LoRA's ``all-linear`` puts its weights.
    linear_parameters: int
    #: With the adapter that was asked about; None where its modules are given as a pattern.
    trainable_parameters: int | None
    weight_bytes: int
    hidden_size: int
    intermediate_size: int
    layers: int
    heads: int
    kv_heads: int
    vocabulary: int
    context: int


def model_facts(folder: Path, context: int, adapter: dict[str, Any]) -> ModelFacts:
    """``adapter`` as a settled job has it."""
    whole = read_json(folder / "config.json")
    config = whole.get("text_config") or whole
    shapes = weight_shapes(folder)
    linear = {name: shape for name, shape in shapes.items() if _is_linear(name, shape)}
    heads = int(config.get("num_attention_heads") or 0)
    parameters = sum(prod(shape) for shape in shapes.values())
    return ModelFacts(
        parameters=parameters,
        linear_parameters=sum(prod(shape) for shape in linear.values()),
        trainable_parameters=parameters if adapter["type"] == "full" else _lora_size(linear, adapter),
        weight_bytes=sum(path.stat().st_size for path in folder.glob("*.safetensors")),
        hidden_size=int(config.get("hidden_size") or 0),
        intermediate_size=int(config.get("intermediate_size") or 0),
        layers=int(config.get("num_hidden_layers") or 0),
        heads=heads,
        kv_heads=int(config.get("num_key_value_heads") or heads),
        vocabulary=int(config.get("vocab_size") or 0),
        context=context,
    )


def weight_shapes(folder: Path) -> dict[str, list[int]]:
    """The shape of every weight by its name."""
    from safetensors import safe_open

    shapes = {}
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="numpy") as file:
            for name in file.keys():  # noqa: SIM118, no mapping
                shapes[name] = list(file.get_slice(name).get_shape())
    return shapes


def _is_linear(name: str, shape: list[int]) -> bool:
    return len(shape) == 2 and name.endswith(".weight") and not any(part in name for part in ("embed", "lm_head"))


def _lora_size(linear: dict[str, list[int]], adapter: dict[str, Any]) -> int | None:
    """LoRA's two matrices add ``r`` times what goes in and what comes out of each layer."""
    targets = adapter["target_modules"]
    if isinstance(targets, str) and targets != "all-linear":
        return None
    chosen = [
        shape
        for name, shape in linear.items()
        if targets == "all-linear" or any(f".{name}".endswith(f".{target}.weight") for target in targets)
    ]
    return int(adapter["r"]) * sum(sum(shape) for shape in chosen)


def machine_facts(device: str, threads: int) -> dict[str, Any]:
    """What there is to train on: ``{"device", "threads", "memory_bytes", "gpus": [{"name", "memory_bytes"}]}``."""
    # A PyTorch that was built for the CPU trains there, whatever the machine has.
    gpus = [] if device == "cpu" or version("torch").endswith("+cpu") else _gpus()
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {"device": "cuda" if gpus else "cpu", "threads": threads, "memory_bytes": memory, "gpus": gpus}


def _gpus() -> list[dict[str, Any]]:
    """Asked of the driver's own tool: PyTorch would have to be imported, and would take some GPU memory."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    command = [tool, "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)  # noqa: S603
        lines = [line.rsplit(",", 1) for line in found.stdout.strip().splitlines()]
        return [{"name": name.strip(), "memory_bytes": int(mib) * 2**20} for name, mib in lines]
    except (subprocess.SubprocessError, ValueError):
        return []
