"""``tiny-random-llama``: a two-layer model made on the spot, for tests and for trying the API.

Its answers are noise. It needs neither a download nor PyTorch to make: numpy draws the weights, and the
tokenizer is one token per byte plus ChatML's marks.
"""

import json
from pathlib import Path
from typing import Any

_HIDDEN, _LAYERS, _HEADS, _INNER, _CONTEXT = 64, 2, 4, 128, 4096
_SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def make_tiny(folder: Path, template: str) -> None:
    """Write the model folder; the same weights on every machine."""
    from safetensors.numpy import save_file

    size = _write_tokenizer(folder, template)
    save_file(_weights(size), folder / "model.safetensors", metadata={"format": "pt"})
    config: dict[str, Any] = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "dtype": "float32",
        "hidden_size": _HIDDEN,
        "intermediate_size": _INNER,
        "num_hidden_layers": _LAYERS,
        "num_attention_heads": _HEADS,
        "num_key_value_heads": _HEADS,
        "max_position_embeddings": _CONTEXT,
        "vocab_size": size,
        "rms_norm_eps": 1e-5,
        "tie_word_embeddings": True,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 2,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=1))


def _write_tokenizer(folder: Path, template: str) -> int:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: index for index, token in enumerate(_SPECIAL + alphabet)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in _SPECIAL])
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<|im_start|>",
        "eos_token": "<|im_end|>",
        "pad_token": "<|im_end|>",
        "model_max_length": _CONTEXT,
        "clean_up_tokenization_spaces": False,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=1))
    (folder / "chat_template.jinja").write_text(template)
    return len(vocabulary)


def _weights(vocabulary: int) -> dict[str, Any]:
    import numpy as np

    random = np.random.default_rng(0)

    def draw(*shape: int) -> Any:
        return (random.standard_normal(shape) * 0.05).astype(np.float32)

    weights = {"model.embed_tokens.weight": draw(vocabulary, _HIDDEN)}
    for layer in range(_LAYERS):
        at = f"model.layers.{layer}"
        for name in "qkvo":
            weights[f"{at}.self_attn.{name}_proj.weight"] = draw(_HIDDEN, _HIDDEN)
        for name in ("gate", "up"):
            weights[f"{at}.mlp.{name}_proj.weight"] = draw(_INNER, _HIDDEN)
        weights[f"{at}.mlp.down_proj.weight"] = draw(_HIDDEN, _INNER)
        for name in ("input_layernorm", "post_attention_layernorm"):
            weights[f"{at}.{name}.weight"] = np.ones(_HIDDEN, dtype=np.float32)
    weights["model.norm.weight"] = np.ones(_HIDDEN, dtype=np.float32)
    return weights
