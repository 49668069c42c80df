"""Fireworks AI: states and fields of its own, under the address of an account, which nobody here speaks to yet.

What is known of it is kept for reading; a launch there is refused by name (``speaks``)."""

from app.finetunes.dialects.base import Dialect, Json, Order, theirs, unix, within

SETTINGS = {
    "n_epochs": "epochs",
    "batch_size": "batchSizeSamples",
    "adapter.learning_rate": "learningRate",
    "adapter.r": "loraRank",
    "early_stopping": "earlyStop",
}


def body(order: Order) -> Json:
    """Supervised jobs keep their settings beside the rest, preference jobs within ``trainingConfig``."""
    wanted = theirs(order, SETTINGS)
    stops = wanted.pop("earlyStop", None)
    training = wanted | {"baseModel": order.model}
    made: Json = {"dataset": order.training_file, "displayName": order.suffix}
    if order.objective == "dpo":
        beta = {"lossConfig": {"method": "DPO", "klBeta": order.settings["beta"]}} if "beta" in order.settings else {}
        return made | {"trainingConfig": training} | beta
    if stops:
        training["earlyStop"] = True
    if order.validation_file:
        made["evaluationDataset"] = order.validation_file
    return made | training


def job(data: Json) -> Json:
    """A job's id is the last part of its name; ``displayName`` carries our suffix."""
    said = within(data, "status")
    training = within(data, "trainingConfig") or data
    names = (*SETTINGS.values(), "maxContextLength")
    return {
        "id": str(data.get("name") or "").rpartition("/")[2],
        "status": data.get("state"),
        "created_at": unix(data.get("createTime")),
        "started_at": unix(data.get("createTime")) if data.get("state") == "JOB_STATE_RUNNING" else None,
        "training_file": data.get("dataset"),
        "suffix": data.get("displayName"),
        "fine_tuned_model": training.get("outputModel"),
        "trained_tokens": within(data, "jobProgress").get("inputTokens") or None,
        "hyperparameters": {name: training[name] for name in names if training.get(name)},
        "error": {"message": said.get("message")} if data.get("state") in FAILED and said.get("message") else None,
    }


FAILED = ("JOB_STATE_FAILED", "JOB_STATE_EXPIRED")
FIREWORKS = Dialect(
    name="Fireworks AI",
    hosts=("api.fireworks.ai",),
    statuses={
        "JOB_STATE_CREATING": "queued",
        "JOB_STATE_VALIDATING": "queued",
        "JOB_STATE_PENDING": "queued",
        "JOB_STATE_RUNNING": "running",
        "JOB_STATE_PAUSED": "running",
        "JOB_STATE_ROLLOUT": "running",
        "JOB_STATE_EVALUATION": "running",
        "JOB_STATE_WRITING_RESULTS": "running",
        "JOB_STATE_COMPLETED": "succeeded",
        "JOB_STATE_EARLY_STOPPED": "succeeded",
        "JOB_STATE_FAILED": "failed",
        "JOB_STATE_EXPIRED": "failed",
        "JOB_STATE_CANCELLED": "cancelled",
        "JOB_STATE_DELETING": "cancelled",
    },
    settings=SETTINGS,
    preference={"beta": "klBeta"},
    body=body,
    job=job,
    has_checkpoints=False,
    speaks=False,
    source="Fireworks AI API reference, “Supervised fine-tuning jobs” and “DPO jobs”",
    read_on="2026-11-27",
)
