"""OpenAI's own, which most compatible servers speak."""

from app.finetunes.dialects.base import Dialect, Json, Order, theirs

STATUSES = {
    "validating_files": "queued",
    "queued": "queued",
    "pending": "queued",
    "running": "running",
    "paused": "running",  # nobody here can resume it, so it goes on being watched
    "succeeded": "succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
}
SETTINGS = {
    "n_epochs": "n_epochs",
    "batch_size": "batch_size",
    "learning_rate_multiplier": "learning_rate_multiplier",
    "seed": "seed",
}


def body(order: Order) -> Json:
    """With the marks that the job is found again by; a setting that was left open is not named at all."""
    named = {key: name for key, name in OPENAI.named(order.objective).items() if key != "seed"}
    wanted = theirs(order, named)
    made: Json = {
        "model": order.model,
        "training_file": order.training_file,
        "suffix": order.suffix,
        "metadata": {"holdout_launch": order.token},
    }
    if order.validation_file:
        made["validation_file"] = order.validation_file
    if "seed" in order.settings:
        made["seed"] = order.settings["seed"]
    if wanted or order.objective == "dpo":
        made["method"] = {"type": order.objective, order.objective: {"hyperparameters": wanted}}
    return made


OPENAI = Dialect(
    name="OpenAI",
    hosts=("api.openai.com",),
    statuses=STATUSES,
    settings=SETTINGS,
    preference={"beta": "beta"},
    body=body,
    source="OpenAI API reference, “Fine-tuning”",
    read_on="2026-11-27",
)
