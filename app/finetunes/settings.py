"""The hyperparameters that a launch can set, each with a sentence on what it does; by what name each provider knows it.

Pure. The local engine's own defaults are those that docs/decisions/local-engine.md measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.finetunes.dialects import ENGINE, Dialect

PREFIX = "hyperparameters."


@dataclass(frozen=True)
class Setting:
    """``methods``: those of the local engine that have it; ``own``: the engine's own choice, in words."""

    key: str
    label: str
    says: str
    own: str
    more: bool = True
    methods: tuple[str, ...] = ("lora", "qlora", "full")
    objective: str | None = None

    @property
    def field(self) -> str:
        return PREFIX + self.key


ADAPTERS = ("lora", "qlora")
SETTINGS = (
    Setting(
        "n_epochs", "Epochs", "How often each example is seen. More learns harder, and in the end by heart.", "4", False
    ),
    Setting(
        "adapter.learning_rate",
        "Learning rate",
        "The size of a step. Too high and it forgets, too low and nothing sticks.",
        "0.001 for LoRA and QLoRA, 0.0001 for full; a tenth of that for DPO",
        False,
    ),
    Setting(
        "adapter.r", "Rank", "How much the adapter can hold. 16 is enough for a narrow task.", "16", False, ADAPTERS
    ),
    Setting(
        "beta",
        "Beta",
        "How closely it must stay with the base model. Higher is more careful.",
        "0.1",
        False,
        objective="dpo",
    ),
    Setting(
        "batch_size", "Batch size", "Examples in a step. Fewer make more and noisier steps, and take less memory.", "4"
    ),
    Setting("learning_rate_multiplier", "Learning rate multiplier", "Scales the provider's own learning rate.", "1"),
    Setting(
        "adapter.alpha",
        "Alpha",
        "How loudly the adapter speaks beside the frozen model.",
        "twice the rank",
        True,
        ADAPTERS,
    ),
    Setting(
        "adapter.dropout",
        "Dropout",
        "The share of the adapter that rests in each step, against learning by heart.",
        "0",
        True,
        ADAPTERS,
    ),
    Setting(
        "adapter.target_modules",
        "Target modules",
        "Which layers get an adapter, such as q_proj, v_proj. Fewer change less.",
        "all-linear: every linear layer",
        True,
        ADAPTERS,
    ),
    Setting(
        "early_stopping",
        "Early stopping",
        "Stop after so many validations without a better loss, and keep the best weights.",
        "never",
    ),
    Setting(
        "seed", "Seed", "The same number gives the same order of examples and the same first weights.", "drawn by lot"
    ),
)


@dataclass(frozen=True)
class Field:
    """A setting as the form shows it. ``theirs``: the provider's own name."""

    name: str
    label: str
    theirs: str
    hint: str
    more: bool


def fields(dialect: Dialect, method: str, objective: str) -> Sequence[Field]:
    """Those that this launch can set, under the provider's own names."""
    names = dialect.named(objective)
    local = dialect is ENGINE
    shown = (
        one
        for one in SETTINGS
        if one.key in names and (not local or method in one.methods) and one.objective in (None, objective)
    )
    return [Field(one.field, one.label, names[one.key], _hint(one, local), one.more) for one in shown]


def _hint(setting: Setting, local: bool) -> str:
    own = f"The engine's own: {setting.own}." if local else "Left open, the provider chooses."
    return f"{setting.says} {own}"
