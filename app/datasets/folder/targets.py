"""Who trains on the folder: which data format each reads, and the files that go beside the data. Pure.

The files' texts stand in ``texts/``; ``$name`` in them is filled in. Settings that a trainer names alike are given
alike: LoRA of rank 16, three passes, a learning rate for LoRA, loss on the answers alone.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from app.datasets.folder.recipe import Recipe, proposed
from app.datasets.formats import WRITERS, Writer
from app.datasets.formats.axolotl import WRITER as AXOLOTL

TEXTS = Path(__file__).parent / "texts"
MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}")
DEFAULT_MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"
# LLaMA-Factory's names of templates, by a part of the model's name; the first that fits
LLAMA_FACTORY_TEMPLATES = (
    ("qwen3", "qwen3"), ("qwen", "qwen"), ("llama-3", "llama3"), ("llama3", "llama3"), ("llama-2", "llama2"),
    ("mistral", "mistral"), ("gemma-3", "gemma3"), ("gemma", "gemma"), ("phi-4", "phi4"), ("phi", "phi"),
    ("smollm2", "smollm2"), ("smollm", "smollm"), ("deepseek", "deepseek3"),
)  # fmt: skip


@dataclass(frozen=True)
class Facts:
    """What the texts say of the version."""

    project: str
    version: str
    content_hash: str
    rows: int
    left_out: int
    base_model: str
    paired: bool
    recipe: Recipe | None = None  # of a run; None: a proposal

    @property
    def words(self) -> dict[str, str]:
        lower = self.base_model.lower()
        family = next((name for part, name in LLAMA_FACTORY_TEMPLATES if part in lower), "default")
        left_out = f" {self.left_out:,} examples of the version are not in it: see check.json." if self.left_out else ""
        return {
            "project": self.project.replace("\n", " "),
            "version": self.version.replace("\n", " "),
            "content_hash": self.content_hash,
            "rows": f"{self.rows - self.left_out:,}",
            "left_out": left_out,
            "base_model": self.base_model,
            "base_model_json": json.dumps(self.base_model),
            "template": family,
            "method": "dpo" if self.paired else "supervised",
            "dpo": "True" if self.paired else "False",
        }


@dataclass(frozen=True)
class Target:
    """``files(facts)``: name → text of everything but the data and the report."""

    name: str
    label: str
    supervised: Writer
    dpo: Writer
    files: Callable[[Facts], Mapping[str, str]]
    hint: str

    def writer(self, paired: bool) -> Writer:
        return self.dpo if paired else self.supervised


def _text(name: str, facts: Facts) -> str:
    target = next((one for one in ("trl", "llama_factory", "axolotl") if name.startswith(one)), "openai")
    words = facts.words | (facts.recipe or proposed(target, facts.paired)).words
    return Template((TEXTS / name).read_text()).substitute(words)


def _openai(facts: Facts) -> dict[str, str]:
    return {"README.md": _text("openai.md", facts), "launch.py": _text("openai_launch.py.txt", facts)}


def _trl(facts: Facts) -> dict[str, str]:
    script = "trl_dpo.py.txt" if facts.paired else "trl_sft.py.txt"
    return {"README.md": _text("trl.md", facts), "train.py": _text(script, facts)}


def _llama_factory(facts: Facts) -> dict[str, str]:
    columns = {"messages": "conversations", "system": "system", "tools": "tools"}
    entry: dict[str, object] = {"file_name": "train.jsonl", "formatting": "sharegpt"}
    if facts.paired:
        entry["ranking"] = True
        columns |= {"chosen": "chosen", "rejected": "rejected"}
    info = {"holdout": entry | {"columns": columns}}
    settings = "llama_factory_dpo.yaml" if facts.paired else "llama_factory_sft.yaml"
    return {
        "README.md": _text("llama_factory.md", facts),
        "dataset_info.json": json.dumps(info, indent=2) + "\n",
        "train.yaml": _text(settings, facts),
    }


def _axolotl(facts: Facts) -> dict[str, str]:
    settings = "axolotl_dpo.yaml" if facts.paired else "axolotl_sft.yaml"
    return {"README.md": _text("axolotl.md", facts), "config.yaml": _text(settings, facts)}


_ALL = (
    Target("openai", "OpenAI-compatible provider", WRITERS["openai_chat"], WRITERS["openai_preference"], _openai,
           "the file, and a script that uploads it and starts the job"),
    Target("trl", "TRL", WRITERS["trl"], WRITERS["trl"], _trl, "a script for SFTTrainer or DPOTrainer with LoRA"),
    Target("llama_factory", "LLaMA-Factory", WRITERS["sharegpt"], WRITERS["sharegpt"], _llama_factory,
           "ShareGPT, dataset_info.json and train.yaml"),
    Target("axolotl", "Axolotl", AXOLOTL, AXOLOTL, _axolotl, "messages with what is trained marked, and config.yaml"),
)  # fmt: skip
TARGETS: dict[str, Target] = {target.name: target for target in _ALL}
