"""How a folder's trainer is to train: a proposal, or the settings of a run. Pure."""

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """``modules``: None for every linear layer. ``batch`` × ``accumulation`` examples make a step."""

    method: str = "lora"  # lora | qlora | full
    rank: int = 16
    alpha: float = 32
    dropout: float = 0.05
    modules: tuple[str, ...] | None = None
    rate: float = 2e-4
    epochs: int = 3
    batch: int = 1
    accumulation: int = 8
    beta: float = 0.1
    seed: int = 1
    scheduler: str = "cosine"
    note: str = ""

    @property
    def words(self) -> dict[str, str]:
        """What the texts call them. Plain decimals: YAML reads ``5e-06`` as text."""
        return {
            "rate": f"{self.rate:.10f}".rstrip("0"),
            "epochs": str(self.epochs),
            "batch": str(self.batch),
            "accumulation": str(self.accumulation),
            "beta": f"{self.beta:g}",
            "seed": str(self.seed),
            "scheduler": self.scheduler,
            "warmup": "0.1" if self.scheduler == "cosine" else "0.0",
            "note": f"\n\n{self.note}" if self.note else "",
            "what": "the whole model" if self.method == "full" else "the adapter",
            "trl_imports": self._trl_imports,
            "trl_loading": self._trl_loading,
            "trl_peft": self._trl_peft,
            "llama_factory_tuning": self._llama_factory,
            "axolotl_tuning": self._axolotl,
        }

    @property
    def _trl_imports(self) -> str:
        if self.method == "full":
            return ""
        quantised = "from transformers import BitsAndBytesConfig\n" if self.method == "qlora" else ""
        return f"from peft import LoraConfig\n{quantised}"

    @property
    def _trl_loading(self) -> str:
        if self.method != "qlora":
            return "None"
        four_bits = 'load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True'
        return f'{{"quantization_config": BitsAndBytesConfig({four_bits})}}'

    @property
    def _trl_peft(self) -> str:
        if self.method == "full":
            return "None"
        modules = json.dumps(list(self.modules)) if self.modules else '"all-linear"'
        return (
            f"LoraConfig(r={self.rank}, lora_alpha={self.alpha:g}, lora_dropout={self.dropout:g}, "
            f"target_modules={modules})"
        )

    @property
    def _llama_factory(self) -> str:
        if self.method == "full":
            return "finetuning_type: full"
        lines = [
            "finetuning_type: lora",
            f"lora_rank: {self.rank}",
            f"lora_alpha: {self.alpha:g}",
            f"lora_dropout: {self.dropout:g}",
            f"lora_target: {','.join(self.modules) if self.modules else 'all'}",
        ]
        return "\n".join([*lines, *(["quantization_bit: 4"] if self.method == "qlora" else [])])

    @property
    def _axolotl(self) -> str:
        if self.method == "full":
            return "# no adapter: every weight is trained"
        lines = [
            f"adapter: {self.method}",
            *(["load_in_4bit: true"] if self.method == "qlora" else []),
            f"lora_r: {self.rank}",
            f"lora_alpha: {self.alpha:g}",
            f"lora_dropout: {self.dropout:g}",
            f"lora_target_modules: {json.dumps(list(self.modules))}" if self.modules else "lora_target_linear: true",
        ]
        return "\n".join(lines)


def proposed(target: str, paired: bool) -> Recipe:
    """What is proposed where no run has settled it: the trainers' own documented starting points."""
    rate = 5e-6 if paired else 1e-4 if target == "llama_factory" else 2e-4
    # TRL's own schedule is linear and without warming up
    return Recipe(rate=rate, epochs=1 if paired else 3, scheduler="linear" if target == "trl" else "cosine")
