"""Points of the curves out of metrics events. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.finetunes.answers import loss, number

Point = dict[str, Any]  # ``step``, and each of FIELDS with a float or None
Series = tuple[str, str, int | None]  # field, its words, digits after the point (None: three that count)
GIB = 2**30


@dataclass(frozen=True)
class Plot:
    title: str
    note: str
    series: Sequence[Series]


LOSS = Plot(
    "Loss",
    "lower is better; it should fall, then flatten",
    (("train_loss", "training loss", 4), ("valid_loss", "validation loss", 4)),
)
DPO = (
    Plot(
        "Reward margin",
        "how much more it prefers the chosen answer",
        (("reward_margin", "reward margin", 4), ("valid_reward_margin", "reward margin, validation", 4)),
    ),
    Plot(
        "Reward accuracy",
        "share of pairs in which it prefers the chosen answer",
        (("reward_accuracy", "reward accuracy", 3), ("valid_reward_accuracy", "reward accuracy, validation", 3)),
    ),
)
MACHINE = (
    Plot("Learning rate", "", (("learning_rate", "learning rate", None),)),
    Plot("Speed", "tokens a second", (("tokens_per_second", "tokens/s", None),)),
    Plot("Memory", "GiB", (("memory", "memory, GiB", None),)),
)
FIELDS = tuple(field for plot in (LOSS, *DPO, *MACHINE) for field, _words, _digits in plot.series)


def point(data: Mapping[str, Any]) -> Point | None:
    """The point that a metrics event's data makes, None where it names no step. ``memory`` is in GiB."""
    step = number(data.get("step"))
    if step is None:
        return None
    found: Point = {field: loss(data.get(field)) for field in FIELDS}
    full, memory = loss(data.get("full_valid_loss")), loss(data.get("memory_bytes"))
    if full is not None:
        found["valid_loss"] = full
    if memory is not None:
        found["memory"] = memory / GIB
    return {"step": step} | found


def told(found: Point) -> Point:
    """What goes over the wire: the losses always, the rest where it is known."""
    return {key: value for key, value in found.items() if value is not None or key in ("train_loss", "valid_loss")}


def merged(events: Iterable[Mapping[str, Any]]) -> list[Point]:
    """One point a step, in order; what a later event of the same step says is added."""
    steps: dict[int, Point] = {}
    for found in filter(None, map(point, events)):
        known = steps.setdefault(found["step"], found)
        known.update({field: value for field, value in found.items() if value is not None})
    return [steps[step] for step in sorted(steps)]


def thinned(points: Sequence[Point], most: int = 600) -> list[Point]:
    """About as many as a screen can show, evenly; every one that was validated stays."""
    stride = max(1, -(-len(points) // most))
    last = len(points) - 1
    return [p for i, p in enumerate(points) if i % stride == 0 or i == last or p["valid_loss"] is not None]


def plots(objective: str, points: Sequence[Point], *, live: bool) -> list[Plot]:
    """What is drawn: while it is learned all that may come, afterwards what has come."""
    found = [LOSS, *(DPO if objective == "dpo" else ()), *MACHINE]
    if live:
        return found
    seen = {field for field in FIELDS if any(p[field] is not None for p in points)}
    return [plot for plot in found if seen.intersection(field for field, _words, _digits in plot.series)]
