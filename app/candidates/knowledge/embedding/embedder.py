"""Who makes vectors: the small model that runs here, or a model of a provider. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from app.candidates.knowledge.rules import title_of
from app.checks.semantic import model as local

if TYPE_CHECKING:  # numpy is loaded where vectors are made, never at the start of the web
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

CHARACTERS_PER_TOKEN = 3.0  # as everywhere: the bill stays below what it says
LONGEST = 8_000  # characters of a text that are sent


@dataclass(frozen=True)
class Embedder:
    """``price``: dollars per million tokens, None where it is not known; ``provider_id``: None for the model here."""

    model: str
    provider_id: str | None = None
    price: float | None = None

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Embedder:
        return cls(**stored)

    @property
    def stored(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def key(self) -> str:
        """Vectors of one key can be compared with each other."""
        return f"{self.provider_id}:{self.model}" if self.provider_id else self.model

    @property
    def is_local(self) -> bool:
        return self.provider_id is None

    def most_it_can_cost(self, texts: Sequence[str]) -> float | None:
        return self.most_it_can_cost_for(sum(map(len, texts)))

    def most_it_can_cost_for(self, characters: int) -> float | None:
        """Dollars; None where no price is known."""
        if self.is_local:
            return 0.0
        return None if self.price is None else characters / CHARACTERS_PER_TOKEN * self.price / 1_000_000

    def cost(self, tokens: int | None) -> float | None:
        return None if self.price is None or tokens is None else tokens * self.price / 1_000_000


LOCAL = Embedder(local.NAME)


def passage(document: str, heading: str, text: str) -> str:
    """What is embedded of a passage: the words of its document's name and its heading say what it is about."""
    return "\n".join(part for part in (title_of(document), heading, text) if part)[:LONGEST]


def question(text: str) -> str:
    return text.replace("\0", "").strip()[:LONGEST]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def of_length_one(rows: Sequence[Sequence[float]]) -> Matrix:
    """Their dot products are cosines then."""
    import numpy as np

    wide = np.asarray(rows, dtype=np.float64)
    wide /= np.abs(wide).max(axis=1, keepdims=True)  # so that no square overflows
    return np.asarray(wide / np.linalg.norm(wide, axis=1, keepdims=True), dtype=np.float32)
