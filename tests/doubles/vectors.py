"""What the provider double answers to ``/embeddings``: words counted in places that their hashes name."""

import re
import zlib
from collections.abc import Mapping
from typing import Any

DIMENSIONS = 1024


def answer(body: Mapping[str, Any], means: Mapping[str, str]) -> dict[str, Any]:
    texts: list[str] = body["input"]
    data = [{"object": "embedding", "index": n, "embedding": of(one, means)} for n, one in enumerate(texts)]
    tokens = sum(len(one.split()) for one in texts)
    return {
        "object": "list",
        "model": body["model"],
        "data": data[::-1],  # the order is no promise: ``index`` says what belongs to what
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def of(text: str, means: Mapping[str, str]) -> list[float]:
    """A word and what it ``means`` have one place, so that texts in other words can be alike."""
    row = [0.001] * DIMENSIONS
    for word in re.findall(r"\w+", text.lower()):
        row[zlib.crc32(means.get(word, word).encode()) % DIMENSIONS] += 1.0
    return row
