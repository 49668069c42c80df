"""Methods, statuses and the words about them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.projects.rules import GOAL_WORDS, SIZE_BANDS
from app.web.words import plural

ENDED = ("succeeded", "failed", "cancelled")
OPEN = ("queued", "running", "paused", "needs_decision")
METHODS = (
    (
        "lora",
        "LoRA",
        "For most work: trains a small adapter beside the frozen model. Quick and light, and holds less.",
    ),
    ("qlora", "QLoRA", "Where memory is short: LoRA on a base in 4 bits. Less memory, a little slower and less exact."),
    (
        "full",
        "Full",
        "For a whole domain, with enough data: trains every weight. Learns and forgets most, and needs most memory.",
    ),
    (
        "api",
        "API",
        "Nothing to run: a hosted provider trains its own way. Its models, its prices, and it sees the data.",
    ),
)
OBJECTIVES = (
    ("supervised", "Supervised", "Learns to give the answers of the examples."),
    (
        "dpo",
        "DPO",
        "Learns to prefer one answer to another: from a version of pairs, a preferred and a non-preferred answer each.",
    ),
)
FEW_EXAMPLES = 10
# the local engine's own, where a launch leaves the rate to it (docs/decisions/local-engine.md)
LEARNING_RATES = {
    "supervised": {"lora": 1e-3, "qlora": 1e-3, "full": 1e-4},
    "dpo": {"lora": 1e-4, "qlora": 1e-4, "full": 1e-5},
}


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


def file_name(token: str, part: str = "training") -> str:
    return f"holdout-{token}.jsonl" if part == "training" else f"holdout-{token}-{part}.jsonl"


def method_problem(kind: str, method: str) -> str | None:
    """Why this provider cannot train this way, or None."""
    if kind != "local_engine":
        return None if method == "api" else "This provider trains in its own way: choose API."
    return "The local engine trains LoRA, QLoRA or full: choose one of them." if method == "api" else None


def no_such_setting(key: str, provider: str, objective: str) -> str:
    if key == "beta" and objective != "dpo":
        return "Only DPO has a beta."
    return f"{provider} has no such setting: leave it out."


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
    return f"Tuned v{version} · {method}{f' r{rank}' if rank and method in ('lora', 'qlora') else ''}"
