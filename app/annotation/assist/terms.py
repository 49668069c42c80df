"""On what terms a provider is asked: what must not be sent to it, and what it costs. The web asks this too."""

from typing import Any

from app.examples.models import Example
from app.gateway.models import Provider

Price = dict[str, Any] | None


def private(example: Example, provider: Provider) -> str | None:
    """Why an example must not leave the house: what the checks found in it is not masked, removed or approved yet.
    A model that runs here may read it."""
    found = {"sensitive", "secret"}.intersection(example.findings)
    return "with sensitive data in them" if found and provider.kind != "local_engine" else None


def price_of(price: Price, provider: Provider) -> Price:
    """A local model costs nothing until an hourly rate is set."""
    return {"input": 0.0, "output": 0.0} if price is None and provider.kind == "local_engine" else price
