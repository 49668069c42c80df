"""Together AI: jobs of another shape at another path; times are text, and the tuned model has another field."""

from app.finetunes.dialects.base import Dialect, Json, Order, theirs, unix, within

SETTINGS = {
    "n_epochs": "n_epochs",
    "batch_size": "batch_size",
    "adapter.learning_rate": "learning_rate",
    "adapter.r": "lora_r",
    "adapter.alpha": "lora_alpha",
    "adapter.dropout": "lora_dropout",
}
EVALUATIONS = 5  # of the validation file, over the whole training


def body(order: Order) -> Json:
    """LoRA is Together's own default; it is named where the adapter is set. Nothing there keeps marks but the file."""
    wanted = theirs(order, SETTINGS)
    adapter = {key: wanted.pop(key) for key in [*wanted] if key.startswith("lora_")}
    made: Json = {
        "model": order.model,
        "training_file": order.training_file,
        "suffix": order.suffix,
        **wanted,
    }
    if adapter:
        # alpha has no default beside a rank: twice the rank, as with the local engine
        rank = adapter.get("lora_r", 8)
        made["training_type"] = {"type": "Lora", "lora_r": rank, "lora_alpha": 2 * rank} | adapter
    if order.validation_file:
        made |= {"validation_file": order.validation_file, "n_evals": EVALUATIONS}
    if order.objective == "dpo":
        beta = {"dpo_beta": order.settings["beta"]} if "beta" in order.settings else {}
        made["training_method"] = {"method": "dpo"} | beta
    return made


def job(data: Json) -> Json:
    settled = {name: data[name] for name in ("n_epochs", "batch_size", "learning_rate") if data.get(name) is not None}
    settled |= {key: value for key, value in within(data, "training_type").items() if key.startswith("lora_")}
    events = data.get("events") or []
    last = events[-1].get("message") if isinstance(events, list) and events and isinstance(events[-1], dict) else None
    failed = data.get("status") in ("error", "user_error")
    return data | {
        "created_at": unix(data.get("created_at")),
        "started_at": unix(data.get("started_at")),
        "fine_tuned_model": data.get("model_output_name"),
        "trained_tokens": data.get("token_count"),
        "hyperparameters": settled,
        "error": {"message": last} if failed and last else None,
    }


def event(data: Json) -> Json:
    """Its events carry no loss; what they say goes into the log."""
    return {
        "id": data.get("hash") or None,
        "created_at": unix(data.get("created_at")),
        "level": data.get("level"),
        "message": data.get("message"),
        "data": {key: data[key] for key in ("total_steps", "token_count", "checkpoint_path") if data.get(key)},
    }


TOGETHER = Dialect(
    name="Together AI",
    hosts=("api.together.ai", "api.together.xyz"),
    statuses={
        "pending": "queued",
        "queued": "queued",
        "running": "running",
        "compressing": "running",
        "uploading": "running",
        "cancel_requested": "running",
        "cancelled": "cancelled",
        "error": "failed",
        "user_error": "failed",
        "completed": "succeeded",
    },
    settings=SETTINGS,
    preference={"beta": "dpo_beta"},
    body=body,
    job=job,
    event=event,
    jobs="/fine-tunes",
    upload="/files/upload",
    names_file=True,
    has_checkpoints=False,
    source="Together AI API reference, “Fine-tuning: Create job”",
    read_on="2026-11-27",
)
