"""Random generators whose stream depends only on what is being computed, so that a page shows the same interval
each time it is opened."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def generator(*parts: object) -> np.random.Generator:
    """A numpy generator seeded by the SHA-256 of the parts, for example ``generator(run_id, "latency_p50_ms")``."""
    import numpy as np

    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))
