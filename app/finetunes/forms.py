"""What a launch may ask for. A hyperparameter that is absent or "auto" is left to the provider."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from app.web.forms import StrictModel

Method = Literal["lora", "qlora", "full", "api"]
Objective = Literal["supervised", "dpo"]


def _auto(value: Any) -> Any:
    return None if value in ("auto", "") else value


Epochs = Annotated[int | None, BeforeValidator(_auto), Field(ge=1, le=100)]
Batch = Annotated[int | None, BeforeValidator(_auto), Field(ge=1, le=256)]
Factor = Annotated[float | None, BeforeValidator(_auto), Field(gt=0, le=100, allow_inf_nan=False)]
Beta = Annotated[float | None, BeforeValidator(_auto), Field(gt=0, le=10, allow_inf_nan=False)]
Patience = Annotated[int | None, BeforeValidator(_auto), Field(ge=1, le=100)]
Seed = Annotated[int | None, BeforeValidator(_auto), Field(ge=0, lt=2**31)]


class Adapter(StrictModel):
    """Which weights are trained, and how: the local engine's. ``type`` comes from the launch's method."""

    type: Method | None = None
    r: int | None = Field(None, ge=1, le=512)
    alpha: float | None = Field(None, gt=0, le=4096, allow_inf_nan=False)
    dropout: float | None = Field(None, ge=0, lt=1, allow_inf_nan=False)
    target_modules: Annotated[list[str], Field(min_length=1, max_length=64)] | str | None = None
    learning_rate: float | None = Field(None, gt=0, le=1, allow_inf_nan=False)


class Hyperparameters(StrictModel):
    """``beta`` is DPO's; ``early_stopping`` how many validations without a better loss end the training."""

    n_epochs: Epochs = None
    batch_size: Batch = None
    learning_rate_multiplier: Factor = None
    beta: Beta = None
    early_stopping: Patience = None
    seed: Seed = None
    adapter: Adapter | None = None


class NewFineTune(StrictModel):
    """``budget`` and ``training_price`` are dollars; the price is for a million trained tokens.

    Validation: another frozen version, or a share of this one that is held back from training (not both).
    """

    provider_id: str
    base_model: str = Field(min_length=1, max_length=300)
    dataset_version_id: str
    method: Method
    objective: Objective = "supervised"
    hyperparameters: Hyperparameters = Field(default_factory=Hyperparameters)
    validation_version_id: str | None = None
    validation_share: float | None = Field(None, gt=0, le=0.5, allow_inf_nan=False)
    budget: float | None = Field(None, ge=0, le=10_000_000, allow_inf_nan=False)
    training_price: float | None = Field(None, ge=0, le=100_000, allow_inf_nan=False)
    override_reason: str | None = Field(None, max_length=2000)

    @model_validator(mode="after")
    def _one_method(self) -> "NewFineTune":
        adapter = self.hyperparameters.adapter
        if adapter is not None and adapter.type not in (None, self.method):
            raise ValueError(f"hyperparameters.adapter.type is {adapter.type} and method is {self.method}: name one.")
        return self

    @property
    def validated(self) -> bool:
        return self.validation_version_id is not None or self.validation_share is not None


class Decision(StrictModel):
    """``check`` looks at the provider again, ``resend`` creates the job anew, ``accept`` gives the launch up."""

    action: Literal["check", "resend", "accept"]
