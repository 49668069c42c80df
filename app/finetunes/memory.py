"""How much memory training takes on one machine: method × parameters × length × batch. Pure.

Peak = weights and what is kept for each trained one + activations + logits + the programs themselves.

- Trained weights, their gradients and Adam's two moments, in fp32: 4 + 4 + 8 = 16 bytes each (Rajbhandari et al.,
  "ZeRO", 2020, §3.1, with the weights themselves in fp32 as the local engine keeps them).
- Frozen weights: 2 bytes (bf16); under QLoRA about 0.516 bytes for the linear layers (4 bits, and 0.127 bits of
  constants: Dettmers et al., "QLoRA", 2023, §3) and 2 for the embeddings.
- Activations: 34 bytes × hidden width for each token of each layer (Korthikanti et al., "Reducing Activation
  Recomputation", 2022, §4, without the term of attention scores, which fused attention does not keep). With gradient
  checkpointing: 2 bytes × hidden for each layer, and one layer whole.
- Logits: 16 bytes × vocabulary for each token (bf16 and fp32 logits, their log-probabilities, the gradient).
- Programs: 0.9 GB for Python, PyTorch and the trainer, as measured on a CPU.

DPO reads two answers for each prompt, so it holds twice the tokens. Measured (docs/decisions/fine-tunes.md): within
15 % for the small model. A shape that is guessed from the name is no better than the name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

GB = 1e9
TRAINED, FROZEN, QUANTIZED = 16.0, 2.0, 0.516
ACTIVATIONS, KEPT, LOGITS = 34, 2, 16
PROGRAMS = 0.9 * GB
RANK = 16
MATRICES = 17.7  # as in the small model
_SIZE = re.compile(r"(?<![A-Za-z0-9.])(\d+(?:\.\d+)?)\s*([bm])(?![a-z0-9])", re.IGNORECASE)


@dataclass(frozen=True)
class Shape:
    """What memory depends on. ``linear``: parameters of linear layers, None for all but the embeddings; ``matrices``:
    (inputs + outputs) / hidden width, of all linear layers of a block; ``guessed``: from the size in the name."""

    parameters: float
    hidden: int
    layers: int
    vocabulary: int
    linear: float | None = None
    matrices: float = MATRICES
    guessed: bool = False


SHAPES = {
    "smollm2-135m-instruct": Shape(134_515_008, 576, 30, 49_152),
    "tiny-random-llama": Shape(98_816, 64, 2, 259),
}


@dataclass(frozen=True)
class Memory:
    """Bytes, by what they hold."""

    weights: float
    activations: float
    logits: float
    programs: float = PROGRAMS

    @property
    def total(self) -> float:
        return self.weights + self.activations + self.logits + self.programs


def shape_of(model: str) -> Shape | None:
    """A known model's shape, or one guessed from a size such as ``7B`` in its name; None where it names none.

    The guess: parameters = 12 × layers × hidden² with hidden = 128 × layers, the proportions of models of 1 to 70
    billion parameters, and a vocabulary of 128,000.
    """
    known = SHAPES.get(model.rpartition("/")[2].lower())
    if known is not None:
        return known
    found = _SIZE.search(model)
    if found is None:
        return None
    parameters = float(found[1]) * (1e9 if found[2].lower() == "b" else 1e6)
    layers = max(1, round((parameters / (12 * 128**2)) ** (1 / 3)))
    return Shape(parameters, 128 * layers, layers, 128_000, guessed=True)


def shape_from(base: Mapping[str, Any]) -> Shape | None:
    """The shape that the local engine read from a model's files; None where it is not whole."""
    hidden, inner = base.get("hidden_size"), base.get("intermediate_size")
    numbers = (base.get("parameters"), hidden, base.get("layers"), base.get("vocabulary"), inner)
    if not all(isinstance(number, int) and number > 0 for number in numbers) or not hidden or not inner:
        return None
    keys = (base.get("kv_heads") or 1) / (base.get("heads") or 1)
    matrices = 6 + 2 * keys + 3 * (1 + inner / hidden)  # q, k, v, o; gate, up, down
    linear = base.get("linear_parameters")
    return Shape(base["parameters"], hidden, base["layers"], base["vocabulary"], linear, matrices)


def estimate(
    shape: Shape,
    method: str,
    *,
    batch: int,
    length: int,
    rank: int | None = None,
    pairs: bool = False,
    checkpointing: bool = False,
) -> Memory:
    """``length``: tokens of the longest row; ``pairs``: DPO; ``checkpointing``: as the engine does on a GPU."""
    tokens = batch * length * (2 if pairs else 1)
    width = shape.hidden * tokens
    layers = KEPT * width * shape.layers + ACTIVATIONS * width if checkpointing else ACTIVATIONS * width * shape.layers
    return Memory(_weights(shape, method, rank or RANK), layers, LOGITS * shape.vocabulary * tokens)


def _weights(shape: Shape, method: str, rank: int) -> float:
    if method == "full":
        return TRAINED * shape.parameters
    adapter = TRAINED * rank * shape.matrices * shape.hidden * shape.layers
    if method == "qlora":
        linear = shape.linear or max(0.0, shape.parameters - shape.vocabulary * shape.hidden)
        return QUANTIZED * linear + FROZEN * (shape.parameters - linear) + adapter
    return FROZEN * shape.parameters + adapter
