"""How providers of fine-tuning differ: their words for a job's state, the names of their settings, the shape of a job.

``base`` is what one dialect says; ``of`` finds the one that a provider speaks. Pure.
"""

from urllib.parse import urlsplit

from app.finetunes.dialects.azure import AZURE
from app.finetunes.dialects.base import Dialect, Order, flat
from app.finetunes.dialects.engine import ENGINE
from app.finetunes.dialects.fireworks import FIREWORKS
from app.finetunes.dialects.openai import OPENAI
from app.finetunes.dialects.together import TOGETHER

__all__ = ["AZURE", "DIALECTS", "ENGINE", "FIREWORKS", "OPENAI", "TOGETHER", "Dialect", "Order", "flat", "of"]

DIALECTS = (ENGINE, OPENAI, AZURE, TOGETHER, FIREWORKS)


def of(kind: str, base_url: str) -> Dialect:
    """The dialect of a provider: the local engine's by its kind, others by their host; OpenAI's where none is known."""
    if kind == "local_engine":
        return ENGINE
    host = (urlsplit(base_url).hostname or "").lower()
    known = (d for d in DIALECTS if any(host == name or host.endswith(f".{name}") for name in d.hosts))
    return next(known, OPENAI)
