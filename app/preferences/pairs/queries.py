"""SQL of pairs as training data: from the view that holds no prompt of a sealed set."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

ROWS = text("""
    select pair_id::text, messages, tools, text_a, text_b from trainable_pairs
    where round_id = :round and pair_id = any(cast(:pairs as uuid[])) order by pair_id
""")


@dataclass(frozen=True)
class Trainable:
    """A pair whose prompt no sealed set asks; a text is None where the votes came without it."""

    pair_id: str
    messages: list[Any]
    tools: list[Any] | None
    text_a: str | None
    text_b: str | None


def trainable(session: Session, round_id: str, pair_ids: Sequence[str]) -> list[Trainable]:
    found = session.execute(ROWS, {"round": round_id, "pairs": list(pair_ids)})
    return [Trainable(*row) for row in found]
