"""The local engine: OpenAI's API with ``adapter`` beside it, and the power to pause."""

from app.finetunes.dialects.base import Dialect, Json, Order, theirs
from app.finetunes.dialects.openai import SETTINGS, STATUSES
from app.finetunes.dialects.openai import body as openai_body

ADAPTER = {f"adapter.{name}": name for name in ("r", "alpha", "dropout", "target_modules", "learning_rate")}
STOPPING = {"early_stopping": "early_stopping_patience"}


def body(order: Order) -> Json:
    adapter = theirs(order, ADAPTER)
    return openai_body(order) | {"adapter": adapter | {"type": order.method}} | theirs(order, STOPPING)


ENGINE = Dialect(
    name="local engine",
    hosts=(),
    statuses=STATUSES | {"paused": "paused"},
    settings=SETTINGS | ADAPTER | STOPPING,
    preference={"beta": "beta"},
    body=body,
    source="docs/decisions/local-engine.md",
    read_on="2026-11-27",
    has_output=True,
)
