"""Reading what a provider says of files, jobs, events and checkpoints. Pure, and trusting nothing in it."""

import hashlib
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from app.finetunes.dialects import OPENAI, Dialect
from app.finetunes.samples import reading
from app.finetunes.samples.reading import Sample
from app.gateway.answers import error_message, storable
from app.gateway.failures import CallFailed, Failure

MAX_TEXT = 2_000
MAX_DATA = 40  # fields of an event's data that are kept


@dataclass(frozen=True)
class JobState:
    """A fine-tuning job as its provider describes it now. ``status`` is its own word, ``standing`` ours for it."""

    id: str
    status: str
    standing: str
    created_at: datetime | None
    started: bool
    training_file: str | None
    suffix: str | None
    metadata: dict[str, Any]
    fine_tuned_model: str | None
    trained_tokens: int | None
    estimated_finish: datetime | None
    settled: dict[str, Any]
    error: str | None
    notice: str | None = None  # the engine's: what holds it up just now


@dataclass(frozen=True)
class JobEvent:
    id: str
    at: datetime
    kind: str  # metrics | message
    level: str
    message: str
    data: dict[str, Any]
    sample: Sample | None = None


@dataclass(frozen=True)
class JobCheckpoint:
    id: str
    step: int
    model: str
    metrics: dict[str, Any]


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a 2xx answer. Raises CallFailed."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise CallFailed(Failure("unreadable", "The provider's answer is not JSON.")) from error
    if not isinstance(data, dict):
        raise CallFailed(Failure("unreadable", "The provider's answer is not a JSON object."))
    if data.get("error") and "id" not in data and "data" not in data:
        raise CallFailed(Failure("error_body", f"The provider answered 200 with an error: {error_message(data)}"))
    return data


def read_page(body: bytes) -> tuple[list[dict[str, Any]], bool]:
    """The items of a list, and whether there are more."""
    data = read_object(body)
    items = data.get("data")
    if not isinstance(items, list):
        raise CallFailed(Failure("unreadable", "The provider's answer is not a list."))
    return [item for item in items if isinstance(item, dict)], data.get("has_more") is True


def read_id(body: bytes) -> str:
    found = text(read_object(body).get("id"))
    if not found:
        raise CallFailed(Failure("unreadable", "The provider's answer names no id."))
    return found


def read_job(data: dict[str, Any], dialect: Dialect = OPENAI) -> JobState:
    """A job in the shape of the dialect. Raises CallFailed where it is none."""
    try:
        data = dialect.job(data)
    except (AttributeError, IndexError, TypeError, ValueError) as broken:
        raise CallFailed(Failure("unreadable", "The provider's answer is not a fine-tuning job.")) from broken
    found, status = text(data.get("id")), text(data.get("status"))
    if not found or not status:
        raise CallFailed(Failure("unreadable", "The provider's answer is not a fine-tuning job."))
    error = data.get("error")
    said = error_message({"error": error}) if isinstance(error, dict) and error.get("message") else None
    return JobState(
        id=found,
        status=status,
        standing=dialect.our_status(status),
        created_at=moment(data.get("created_at")),
        started=moment(data.get("started_at")) is not None,
        training_file=text(data.get("training_file")),
        suffix=text(data.get("user_provided_suffix")) or text(data.get("suffix")),
        metadata=_dict(data.get("metadata")),
        fine_tuned_model=text(data.get("fine_tuned_model")),
        trained_tokens=number(data.get("trained_tokens")),
        estimated_finish=moment(data.get("estimated_finish")),
        settled=_settled(data),
        error=said,
        notice=text(data.get("notice")),
    )


def read_event(data: dict[str, Any], dialect: Dialect = OPENAI) -> JobEvent:
    """An event; one without an id gets one made of what it says."""
    data = dialect.event(data)
    said = _dict(data.get("data"))
    fields = {key: _scalar(value) for key, value in list(said.items())[:MAX_DATA] if key != "sample"}
    at, message = moment(data.get("created_at")), text(data.get("message")) or ""
    kind = "metrics" if data.get("type") == "metrics" or number(fields.get("step")) is not None else "message"
    made = hashlib.sha256(orjson.dumps([str(at), kind, message, fields])).hexdigest()
    return JobEvent(
        id=text(data.get("id")) or f"made-{made[:32]}",
        at=at or datetime.now(UTC),
        kind=kind,
        level=text(data.get("level")) or "info",
        message=message,
        data=fields,
        sample=reading.read(said),
    )


def read_checkpoint(data: dict[str, Any]) -> JobCheckpoint | None:
    found, model = text(data.get("id")), text(data.get("fine_tuned_model_checkpoint"))
    step = number(data.get("step_number"))
    if not found or not model or step is None:
        return None
    metrics = {key: _scalar(value) for key, value in list(_dict(data.get("metrics")).items())[:MAX_DATA]}
    return JobCheckpoint(found, step, model, metrics)


def _settled(data: dict[str, Any]) -> dict[str, Any]:
    """The hyperparameters that the job runs with, from wherever the provider writes them."""
    method = _dict(data.get("method"))
    inner = _dict(_dict(method.get(str(method.get("type")))).get("hyperparameters"))
    found = {key: _scalar(value) for key, value in (_dict(data.get("hyperparameters")) | inner).items()}
    adapter = {key: _scalar(value) for key, value in _dict(data.get("adapter")).items()}
    seed = number(data.get("seed"))
    return found | ({"adapter": adapter} if adapter else {}) | ({"seed": seed} if seed is not None else {})


def text(value: Any) -> str | None:
    return storable(value)[:MAX_TEXT] if isinstance(value, str) and value else None


def number(value: Any) -> int | None:
    whole = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return int(value) if whole and 0 <= value < 2**53 else None


def loss(value: Any) -> float | None:
    real = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if real else None


def moment(value: Any) -> datetime | None:
    """A time in Unix seconds; none where it is absent or absurd."""
    seconds = number(value)
    return datetime.fromtimestamp(seconds, UTC) if seconds and seconds < 2**33 else None


def _dict(value: Any) -> dict[str, Any]:
    return {storable(str(key))[:100]: inner for key, inner in value.items()} if isinstance(value, dict) else {}


def _scalar(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)[:MAX_TEXT]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int):
        return value
    return storable(orjson.dumps(value, default=str).decode())[:MAX_TEXT]
