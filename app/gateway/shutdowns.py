"""When a provider will shut a model down: what its own list of models says, else what it has published. Pure.

A tuned model ends with its base. The table is kept by hand, from third-party copies of the page that it names, on the
day it names: the page itself is the authority, and the sentences say so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

SOURCE = "https://developers.openai.com/api/docs/deprecations"
READ_ON = date(2026, 11, 27)
HOST = "api.openai.com"
SOON = timedelta(days=183)  # half a year
_AUTUMN, _WINTER = date(2026, 10, 23), date(2027, 1, 14)
# models that can or could be tuned at OpenAI, aliases after the snapshot that they name
PUBLISHED = {
    "gpt-3.5-turbo-0125": _AUTUMN, "gpt-3.5-turbo": _AUTUMN,
    "gpt-4-0613": _AUTUMN, "gpt-4": _AUTUMN,
    "gpt-4o-2024-05-13": _AUTUMN,
    "gpt-4.1-nano-2025-04-14": _AUTUMN, "gpt-4.1-nano": _AUTUMN,
    "o4-mini-2025-04-16": _AUTUMN, "o4-mini": _AUTUMN,
    "gpt-4o-2024-08-06": _WINTER, "gpt-4o": _WINTER,
    "gpt-4o-2024-11-20": _WINTER,
    "gpt-4o-mini-2024-07-18": _WINTER, "gpt-4o-mini": _WINTER,
    "gpt-4.1-2025-04-14": _WINTER, "gpt-4.1": _WINTER,
    "gpt-4.1-mini-2025-04-14": _WINTER, "gpt-4.1-mini": _WINTER,
}  # fmt: skip
NO_NEW_JOBS = date(2027, 1, 6)  # OpenAI's last day of new fine-tuning jobs by customers themselves


@dataclass(frozen=True)
class Shutdown:
    """``model`` is the one that is shut down: the base of a tuned one. ``source``: who says so, with the day."""

    model: str
    on: date
    source: str

    def sentence(self, today: date) -> str:
        day = f"{self.on.day} {self.on:%B %Y}"
        if self.on <= today:
            return f"{self.model} was shut down on {day}: calls to it and to what was tuned on it fail ({self.source})."
        left = (self.on - today).days
        ends = "and whatever was tuned on it with it"
        return f"{self.model} will be shut down on {day}, in {left} days, {ends} ({self.source})."

    def is_near(self, today: date) -> bool:
        return self.on <= today + SOON


def shutdown(base_url: str, models: Sequence[Mapping[str, Any]], model: str) -> Shutdown | None:
    """Of a model at the provider with this address, whose list of models is ``models``. None where no date is known."""
    base = base_of(model)
    for listed in models:
        if listed.get("id") in (model, base) and (day := _day(listed.get("shutdown_date"))):
            return Shutdown(base, day, "by the provider's own list of models")
    if urlsplit(base_url).hostname == HOST and base in PUBLISHED:
        return Shutdown(base, PUBLISHED[base], f"as copied on {READ_ON}; see {SOURCE}")
    return None


def last_job(base_url: str, today: date) -> str | None:
    """What is known of the end of new fine-tuning jobs at the provider, in words."""
    if urlsplit(base_url).hostname != HOST:
        return None
    takes = "takes no new fine-tuning jobs since" if today > NO_NEW_JOBS else "takes new fine-tuning jobs until"
    return f"OpenAI {takes} {NO_NEW_JOBS.day} {NO_NEW_JOBS:%B %Y} ({SOURCE}, read on {READ_ON})."


def base_of(model: str) -> str:
    """``ft:gpt-4o-mini-2024-07-18:team::id`` → ``gpt-4o-mini-2024-07-18``."""
    return model.split(":")[1] if model.startswith("ft:") and model.count(":") >= 2 else model


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10]) if value else None
    except ValueError:
        return None
