"""Fireworks AI keeps files and jobs under the address of an account, which nobody here speaks: it is known by its host
alone, so that a launch there is refused by name instead of being sent in words that it does not know."""

from app.finetunes.dialects.base import Dialect, unspoken

FIREWORKS = Dialect(
    name="Fireworks AI",
    hosts=("api.fireworks.ai",),
    statuses={},
    settings={},
    preference={},
    body=unspoken,
    speaks=False,
    source="Fireworks AI API reference, “Supervised fine-tuning jobs” and “DPO jobs”",
    read_on="2026-11-27",
)
