"""Tuned models in and out: a tar of a model's folder, an adapter merged into its base, an adapter made elsewhere."""

import json
import shlex
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from app.engine import child
from app.engine.errors import EngineError
from app.engine.facts import weight_shapes
from app.engine.storage import read_json, write_json

WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"
#: What of an adapter's configuration is taken over; the rest can name code to import, or is of no use to serving.
_KEPT = {
    "peft_type",
    "task_type",
    "r",
    "lora_alpha",
    "lora_dropout",
    "target_modules",
    "bias",
    "fan_in_fan_out",
    "use_rslora",
    "use_dora",
    "rank_pattern",
    "alpha_pattern",
    "layers_to_transform",
    "layers_pattern",
}
_MOST_CONFIG_BYTES = 1_000_000


def pack(folder: Path, target: Path, name: str) -> None:
    """Write a plain tar of a model's folder, without what is ours; its files lie under ``name``."""
    with tarfile.open(target, "w") as tar:
        for path in sorted(folder.iterdir()):
            if path.is_file() and path.name != "model.json":
                tar.add(path, arcname=f"{name}/{path.name}")


def merge(base: Path, adapter: Path, folder: Path, threads: int) -> None:
    """Have a process of its own write the base with the adapter in its weights, as bf16 safetensors."""
    with tempfile.TemporaryFile() as log:
        process = child.start(
            "app.engine.merge",
            str(base),
            str(adapter),
            str(folder),
            stdout=log,
            stderr=subprocess.STDOUT,
            threads=threads,
        )
        if code := process.wait():
            raise EngineError(f"The adapter could not be merged: {child.exit_reason(code)}.", status=500)


def unpack_adapter(archive: Path, folder: Path, base: Path) -> None:
    """Write the two files of a LoRA adapter from a tar into ``folder``; raises EngineError unless it fits."""
    found = _read_archive(archive)
    config = _checked_config(found.get(CONFIG))
    if WEIGHTS not in found:
        raise EngineError(f"The archive has no {WEIGHTS}.", param="file")
    (folder / WEIGHTS).write_bytes(found[WEIGHTS])
    write_json(folder / CONFIG, config | {"base_model_name_or_path": str(base), "inference_mode": True})
    _check_shapes(folder / WEIGHTS, weight_shapes(base))


def _read_archive(path: Path) -> dict[str, bytes]:
    """The adapter's two files, wherever they lie in the archive; nothing is written, so no name can lead elsewhere."""
    try:
        with tarfile.open(path) as tar:
            members = [member for member in tar if member.isfile() and Path(member.name).name in (WEIGHTS, CONFIG)]
            size = path.stat().st_size
            if any(member.size > 20 * size for member in members):
                raise EngineError("The archive grows more than twentyfold when unpacked.", param="file")
            return {Path(member.name).name: _bytes(tar, member) for member in members}
    except (tarfile.TarError, EOFError, OSError) as error:
        raise EngineError(f"The file is not a tar of an adapter folder: {error}", param="file") from error


def _bytes(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = tar.extractfile(member)
    return stream.read() if stream else b""


def _checked_config(raw: bytes | None) -> dict[str, Any]:
    try:
        config = json.loads((raw or b"")[:_MOST_CONFIG_BYTES])
    except ValueError:
        config = None
    if not isinstance(config, dict):
        raise EngineError(f"The archive has no readable {CONFIG}.", param="file")
    if config.get("peft_type") != "LORA":
        raise EngineError(f"Only LoRA adapters can be imported, not {config.get('peft_type')!r}.", param="file")
    return {key: value for key, value in config.items() if key in _KEPT}


def _check_shapes(path: Path, base: dict[str, list[int]]) -> None:
    """Each matrix of the adapter must belong to a layer of the base, and be as wide or as high as it."""
    try:
        adapter = weight_shapes(path.parent)
    except Exception as error:  # whatever the reader of safetensors raises on other bytes
        raise EngineError(f"{WEIGHTS} cannot be read: {error}", param="file") from error
    if not adapter:
        raise EngineError(f"{WEIGHTS} holds no weights.", param="file")
    for name, shape in adapter.items():
        layer, _, kind = name.removeprefix("base_model.model.").partition(".lora_")
        of_base = base.get(f"{layer}.weight")
        side = {"A.weight": 1, "B.weight": 0}.get(kind)
        if of_base is None or side is None or len(shape) != 2 or shape[side] != of_base[side]:
            raise EngineError(
                f"The adapter does not fit the base: {name} of {shape}, {layer} of {of_base}.", param="file"
            )


def serve_command(id: str, base: Path, folder: Path, kind: str) -> str:
    """How vLLM serves the model on this machine, with the same name."""
    if kind == "full":
        return shlex.join(["vllm", "serve", str(folder), "--served-model-name", id])
    rank = int(read_json(folder / CONFIG).get("r") or 16)
    # vLLM takes a few ranks only, each as the most of what it will load.
    most = next((size for size in (8, 16, 32, 64, 128, 256) if size >= rank), rank)
    lora = ["--enable-lora", "--max-lora-rank", str(most), "--lora-modules", f"{id}={folder}"]
    return shlex.join(["vllm", "serve", str(base), *lora])
