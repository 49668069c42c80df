"""What one dialect says. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Order:
    """A launch in our own words. ``settings``: by our names (``flat``); what is absent is left to the provider."""

    model: str
    method: str
    objective: str
    training_file: str
    validation_file: str | None
    suffix: str
    token: str
    settings: Mapping[str, Any]


def unchanged(data: Json) -> Json:
    return data


def unspoken(order: Order) -> Json:
    """Of a dialect that is only known by name: the launch was refused before anything is made for it."""
    raise NotImplementedError(order.model)


@dataclass(frozen=True)
class Dialect:
    """One provider's way of saying it.

    ``statuses``: its word for a job's state → ours; a word that stands in none is never the end. ``settings``: our name
    of a hyperparameter → its own; one that is absent cannot be set there; ``preference``: those of DPO alone.
    ``body(order)``: the request that creates a job. ``job`` and ``event`` bring what it answers into OpenAI's fields.
    ``source`` names the public page that this was read from, and ``read_on`` when.
    """

    name: str
    hosts: tuple[str, ...]
    statuses: Mapping[str, str]
    settings: Mapping[str, str]
    preference: Mapping[str, str]
    body: Callable[[Order], Json]
    source: str
    read_on: str
    job: Callable[[Json], Json] = unchanged
    event: Callable[[Json], Json] = unchanged
    jobs: str = "/fine_tuning/jobs"
    upload: str = "/files"
    names_file: bool = False  # the upload wants the file's name in a field of its own
    waits_for_file: bool = False  # a job may be created only after the file was taken in
    has_checkpoints: bool = True
    has_output: bool = False  # whether it tells what the training process printed
    speaks: bool = True  # whether jobs can be created there from here

    def named(self, objective: str) -> dict[str, str]:
        """Our name → its own, of all that can be set."""
        return {**self.settings, **(self.preference if objective == "dpo" else {})}

    def our_status(self, theirs: str) -> str:
        """A word that we do not know is never the end."""
        return self.statuses.get(theirs, "running")


def flat(hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
    """``{"adapter": {"r": 8}}`` → ``{"adapter.r": 8}``, without what was left open."""
    found = {key: value for key, value in hyperparameters.items() if key != "adapter"}
    found |= {f"adapter.{key}": value for key, value in (hyperparameters.get("adapter") or {}).items() if key != "type"}
    return {key: value for key, value in found.items() if value is not None}


def theirs(order: Order, names: Mapping[str, str]) -> Json:
    """The settings by the provider's own names."""
    return {names[key]: value for key, value in order.settings.items() if key in names}


def within(data: Json, name: str) -> Json:
    """A nested object, empty where there is none."""
    found = data.get(name)
    return found if isinstance(found, dict) else {}


def unix(value: Any) -> Any:
    """A time in ISO 8601 as seconds; anything else as it is."""
    if not isinstance(value, str):
        return value
    try:
        return int(datetime.fromisoformat(value).timestamp())
    except ValueError:
        return None
