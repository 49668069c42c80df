"""``python -m app.engine.merge BASE ADAPTER FOLDER``: writes the base with a LoRA adapter added to its weights."""

import os
import sys
from pathlib import Path


def merge(base: Path, adapter: Path, folder: Path) -> None:
    """bf16 safetensors and the tokenizer, a model folder like any other."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.bfloat16, use_safetensors=True)
    # On the CPU, the adapter too: a job may have all of the GPU's memory.
    merged = PeftModel.from_pretrained(model, adapter, torch_device="cpu").merge_and_unload()
    merged.save_pretrained(folder)
    AutoTokenizer.from_pretrained(base).save_pretrained(folder)


def main() -> None:
    from app.engine.child import die_with_engine

    die_with_engine()
    os.nice(5)
    merge(*(Path(argument) for argument in sys.argv[1:4]))


if __name__ == "__main__":
    main()
