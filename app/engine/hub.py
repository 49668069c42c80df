"""Models by their hub id, ``org/name``: out of a Hugging Face cache on this machine, or downloaded where allowed.

Downloads are off unless ``HF_HUB_OFFLINE=0`` was set; code that comes with a model is never run.
"""

import os
import re
from pathlib import Path

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_WANTED = ["*.json", "*.safetensors", "*.jinja", "*.model", "*.txt"]


def is_id(name: str) -> bool:
    return bool(_ID.fullmatch(name))


def local_name(id: str) -> str:
    """``org/name`` → ``org--name``, the hub's own way of writing it as a folder. No id has two dashes in a row."""
    return id.replace("/", "--")


def id_of(name: str) -> str | None:
    """``org--name`` → ``org/name``; None for any other name."""
    found = name.replace("--", "/", 1)
    return found if name.count("--") == 1 and is_id(found) else None


def may_download() -> bool:
    return os.environ.get("HF_HUB_OFFLINE", "1").lower() in ("0", "false", "no", "off")


def cached(id: str) -> Path | None:
    """The folder of a model whose files are in the engine's cache or the user's, with weights."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    own = Path(os.environ.get("HF_HOME", "~/.cache/huggingface")).expanduser()
    for home in (own, Path("~/.cache/huggingface").expanduser()):
        try:
            found = Path(snapshot_download(id, cache_dir=home / "hub", local_files_only=True))
        except LocalEntryNotFoundError:
            continue
        if (found / "config.json").is_file() and any(found.glob("*.safetensors")):
            return found
    return None


def download(id: str) -> Path:
    """Into the engine's cache. Raises what the hub's client raises."""
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(id, cache_dir=Path(os.environ["HF_HOME"]) / "hub", allow_patterns=_WANTED))


def how_to_place(id: str, models: Path) -> str:
    return (
        f"The model {id} is not on the engine's machine. Put its folder (config.json, *.safetensors and the "
        f"tokenizer's files) at {models / local_name(id)}, or start the engine with HF_HUB_OFFLINE=0: then it is "
        "downloaded."
    )
