"""The fine-tuning job: the request that makes one and the record that is kept of it."""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, field_validator, model_validator

from app.engine.hyperparameters import Adapter, DpoHyperparameters, Hyperparameters, Settled, Strict

Status = Literal["validating_files", "queued", "running", "paused", "succeeded", "failed", "cancelled"]
ENDED: frozenset[str] = frozenset({"succeeded", "failed", "cancelled"})

_SUFFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def plain_suffix(value: str | None) -> str | None:
    """A suffix that can stand in a model's name; raises ValueError."""
    if value is not None and not _SUFFIX.fullmatch(value):
        raise ValueError("use letters, digits, '.', '_' and '-'")
    return value


class Supervised(Strict):
    hyperparameters: Hyperparameters = Hyperparameters()


class Dpo(Strict):
    hyperparameters: DpoHyperparameters = DpoHyperparameters()


class Method(Strict):
    """OpenAI's method object; the type that we lack is named so that refusing it can be clear."""

    type: Literal["supervised", "dpo", "reinforcement"] = "supervised"
    supervised: Supervised | None = None
    dpo: Dpo | None = None
    reinforcement: dict[str, Any] | None = None

    @field_validator("type")
    @classmethod
    def _supported(cls, value: str) -> str:
        if value == "reinforcement":
            raise ValueError("this engine trains 'supervised' and 'dpo' jobs, not 'reinforcement'")
        return value

    @model_validator(mode="after")
    def _only_its_own(self) -> "Method":
        for name in ("supervised", "dpo", "reinforcement"):
            if name != self.type and getattr(self, name) is not None:
                raise ValueError(f"'{name}' was given for a job of type '{self.type}'")
        return self

    @property
    def hyperparameters(self) -> Hyperparameters | None:
        """Those of its type; None where a supervised job left them to the older top-level field."""
        if self.type == "dpo":
            return (self.dpo or Dpo()).hyperparameters
        return self.supervised.hyperparameters if self.supervised else None


class CreateJob(Strict):
    """The body of ``POST /v1/fine_tuning/jobs``."""

    model: str
    training_file: str
    validation_file: str | None = None
    method: Method | None = None
    hyperparameters: Hyperparameters | None = None
    adapter: Adapter | None = None
    early_stopping_patience: Annotated[int, Field(ge=1, le=100)] | None = None
    suffix: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    metadata: dict[str, str] | None = None
    integrations: list[dict[str, Any]] | None = None

    @field_validator("suffix")
    @classmethod
    def _plain_suffix(cls, value: str | None) -> str | None:
        return plain_suffix(value)

    @field_validator("metadata")
    @classmethod
    def _small_metadata(cls, value: dict[str, str] | None) -> dict[str, str] | None:
        pairs = value or {}
        if len(pairs) > 16 or any(len(key) > 64 or len(text) > 512 for key, text in pairs.items()):
            raise ValueError("at most 16 pairs, keys of 64 and values of 512 characters")
        return value

    @model_validator(mode="after")
    def _no_integrations(self) -> "CreateJob":
        if self.integrations:
            raise ValueError("this engine has no integrations")
        return self

    @model_validator(mode="after")
    def _stops_early_by_validation(self) -> "CreateJob":
        if self.early_stopping_patience and not self.validation_file:
            raise ValueError("'early_stopping_patience' needs a 'validation_file' to be measured on")
        return self

    @model_validator(mode="after")
    def _one_place_for_dpo(self) -> "CreateJob":
        if self.hyperparameters and self.method and self.method.type == "dpo":
            raise ValueError("the hyperparameters of a dpo job belong into 'method.dpo.hyperparameters'")
        return self

    def wishes(self) -> Hyperparameters:
        """The hyperparameters, from ``method`` or from OpenAI's older top-level field."""
        return (self.method and self.method.hyperparameters) or self.hyperparameters or Hyperparameters()


class Job(BaseModel):
    """One job as it is kept on disk."""

    id: str
    order: int
    created_at: int
    status: Status = "validating_files"
    model: str
    training_file: str
    validation_file: str | None = None
    settled: Settled
    suffix: str | None = None
    seed: int
    metadata: dict[str, str] | None = None
    fine_tuned_model: str | None = None
    started_at: int | None = None
    finished_at: int | None = None
    trained_tokens: int | None = None
    result_files: list[str] = []
    error: dict[str, Any] | None = None
    #: How often an engine that ended under this job had to start it again.
    restarts: int = 0
    #: Which process of the job comes next: part of the id by which a Ray cluster knows it.
    attempt: int = 0
    #: Whether a Ray cluster was asked to run this attempt.
    handed_over: bool = False
    #: What holds it up just now, in words.
    notice: str | None = None

    def public(self, estimated_finish: int | None = None) -> dict[str, Any]:
        """OpenAI's job object, with ``adapter``, ``early_stopping_patience``, ``suffix`` and ``notice`` added."""
        method = self.settled.method
        return {
            "object": "fine_tuning.job",
            **self.model_dump(exclude={"order", "settled", "restarts", "attempt", "handed_over"}),
            "organization_id": "org-local",
            "hyperparameters": self.settled.public(),
            "method": {"type": method, method: {"hyperparameters": self.settled.public()}},
            "adapter": self.settled.adapter,
            "early_stopping_patience": self.settled.early_stopping_patience,
            "integrations": [],
            "estimated_finish": estimated_finish,
        }

    @property
    def short(self) -> str:
        """The part of the id that names the tuned model."""
        return self.id.removeprefix("ftjob-")[:12]

    @property
    def tuned_name(self) -> str:
        return f"ft:{self.model}:{self.suffix or ''}:{self.short}"
