"""Methods, statuses and the words about them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.projects.rules import GOAL_WORDS, SIZE_BANDS
from app.web.words import plural

ENDED = ("succeeded", "failed", "cancelled")
OPEN = ("queued", "running", "paused", "needs_decision")
METHODS = (
    ("lora", "LoRA", "Trains a small adapter beside the frozen model: quick, light, and enough for most work."),
    ("qlora", "QLoRA", "LoRA on a compressed base, for models that hardly fit. The local engine cannot do it yet."),
    ("full", "Full", "Trains every weight: the most room to learn and to forget, and the most memory."),
    ("api", "API", "A hosted provider trains in its own way: nothing to run, its models and its prices."),
)
FEW_EXAMPLES = 10
# the provider's words for a job that has not begun
WAITING = ("validating_files", "queued", "pending")


@dataclass(frozen=True)
class Marks:
    """What our job carries, wherever a provider keeps it: any one of them is proof enough."""

    token: str
    suffix: str
    file_id: str | None

    def fit(self, *, metadata: Mapping[str, Any], suffix: str | None, training_file: str | None) -> bool:
        return (
            metadata.get("holdout_launch") == self.token
            or suffix == self.suffix
            or (self.file_id is not None and training_file == self.file_id)
        )


def sentence(text: str) -> str:
    """A provider's words may end anywhere; ours go on after them."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def suffix(version: int, token: str) -> str:
    """Goes into the tuned model's name, so that people and we find it again: ``v2-3f9c01ab``."""
    return f"v{version}-{token[:8]}"


def file_name(token: str) -> str:
    return f"holdout-{token}.jsonl"


def method_problem(kind: str, method: str) -> str | None:
    """Why this provider cannot train this way, or None."""
    if kind != "local_engine":
        return None if method == "api" else "This provider trains in its own way: choose API."
    if method == "api":
        return "The local engine trains LoRA or full: choose one of them."
    if method == "qlora":
        return "The local engine does not train QLoRA yet: choose LoRA or full."
    return None


def our_status(theirs: str) -> str:
    """A provider's word as one of ours. A word that we do not know is never the end."""
    if theirs in ENDED or theirs in ("running", "paused"):
        return theirs
    return "queued" if theirs in WAITING else "running"


def size_remark(goal: str, size: int) -> str | None:
    """Where the number of examples lies outside the band that suits the goal."""
    low, high = SIZE_BANDS[goal]
    band = f"{low:,}–{high:,}" if high else f"{low:,} or more"
    said = f"{plural(size, 'example')}: for {GOAL_WORDS[goal]}, {band} are a good start"
    if size < low:
        return f"{said}. Fewer can be enough to learn a format; the comparison will tell."
    if high and size > high:
        return f"{said}. More is not wrong, but small and clean beats large and messy."
    return None


def candidate_name(version: int, method: str, settled: Mapping[str, Any]) -> str:
    """``Tuned v2 · lora r16``."""
    rank = (settled.get("adapter") or {}).get("r")
    return f"Tuned v{version} · {method}{f' r{rank}' if rank and method == 'lora' else ''}"


def request_body(hyperparameters: Mapping[str, Any], method: str, kind: str) -> dict[str, Any]:
    """The part of a create request that says how to train; what was left to the provider is not named at all."""
    wanted = {k: v for k, v in hyperparameters.items() if k != "adapter" and v is not None}
    body: dict[str, Any] = {}
    if wanted:
        body["method"] = {"type": "supervised", "supervised": {"hyperparameters": wanted}}
    if kind == "local_engine":
        adapter = {k: v for k, v in (hyperparameters.get("adapter") or {}).items() if v is not None}
        body["adapter"] = adapter | {"type": method}
    return body
