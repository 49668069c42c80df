"""What a training job is run with: the caller's wishes, checked, and our defaults for the rest.

The defaults come from measurements with the small model (``docs/decisions/local-engine.md``).
"""

from importlib.util import find_spec
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from app.engine.errors import EngineError
from app.engine.pairs import MethodName

AUTO_EPOCHS, AUTO_BATCH, AUTO_BETA = 4, 4, 0.1
#: Step sizes that suited the small model. Full tuning moves every weight, so it takes smaller steps; DPO starts from
#: a model that can do the task already, and breaks it with larger ones.
LEARNING_RATE: dict[MethodName, dict[str, float]] = {
    "supervised": {"lora": 1e-3, "qlora": 1e-3, "full": 1e-4},
    "dpo": {"lora": 1e-4, "qlora": 1e-4, "full": 1e-5},
}


class Strict(BaseModel):
    """A request part in which a field that we do not know is an error, as with OpenAI."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Adapter(Strict):
    """Which weights are trained. ``full`` trains all of them and makes no adapter; ``qlora`` makes the same adapter
    as ``lora``, on a base held in 4 bits."""

    type: Literal["lora", "qlora", "full"] = "lora"
    r: Annotated[int, Field(ge=1, le=512)] | None = None
    alpha: Annotated[float, Field(gt=0, le=4096)] | None = None
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = None
    target_modules: Annotated[list[str], Field(min_length=1, max_length=64)] | str | None = None
    learning_rate: Annotated[float, Field(gt=0, le=1)] | None = None

    @field_validator("type")
    @classmethod
    def _supported(cls, value: str) -> str:
        if value == "qlora" and find_spec("bitsandbytes") is None:
            raise ValueError("qlora needs bitsandbytes, which is not installed beside this engine")
        return value


class Hyperparameters(Strict):
    """OpenAI's three, with our ``adapter`` beside them."""

    n_epochs: Literal["auto"] | Annotated[int, Field(ge=1, le=100)] | None = "auto"
    batch_size: Literal["auto"] | Annotated[int, Field(ge=1, le=256)] | None = "auto"
    learning_rate_multiplier: Literal["auto"] | Annotated[float, Field(gt=0, le=100)] | None = "auto"
    adapter: Adapter | None = None


class DpoHyperparameters(Hyperparameters):
    """OpenAI's four of a DPO job."""

    beta: Literal["auto"] | Annotated[float, Field(gt=0, le=10)] | None = "auto"


class Settled(BaseModel):
    """Nothing left open: what the job's page shows and what the training process reads."""

    method: MethodName = "supervised"

    n_epochs: int
    batch_size: int
    learning_rate_multiplier: float
    #: How strongly DPO holds on to the model that it started from.
    beta: float | None = None
    adapter: dict[str, Any]
    #: Validations without a new best after which training ends; None: it runs to its end.
    early_stopping_patience: int | None = None

    def public(self) -> dict[str, Any]:
        """OpenAI's numbers: three, and ``beta`` of a DPO job."""
        names = {"n_epochs", "batch_size", "learning_rate_multiplier"}
        return self.model_dump(include=names if self.beta is None else names | {"beta"})


def settle(wishes: Hyperparameters, adapter: Adapter | None, patience: int | None = None) -> Settled:
    """Fill in the defaults. ``adapter`` may come beside the job or among its hyperparameters, not both.

    The step size is ``adapter.learning_rate`` (or the default of its type) times the multiplier.
    """
    method: MethodName = "dpo" if isinstance(wishes, DpoHyperparameters) else "supervised"
    if adapter is not None and wishes.adapter is not None:
        raise EngineError("'adapter' was given twice.", param="adapter")
    chosen = adapter or wishes.adapter or Adapter()
    settled: dict[str, Any] = {
        "type": chosen.type,
        "learning_rate": chosen.learning_rate or LEARNING_RATE[method][chosen.type],
    }
    if chosen.type != "full":
        rank = chosen.r or 16
        settled |= {
            "r": rank,
            "alpha": chosen.alpha or 2.0 * rank,
            "dropout": chosen.dropout or 0.0,
            "target_modules": chosen.target_modules or "all-linear",
        }
    return Settled(
        method=method,
        n_epochs=_or(wishes.n_epochs, AUTO_EPOCHS),
        batch_size=_or(wishes.batch_size, AUTO_BATCH),
        learning_rate_multiplier=_or(wishes.learning_rate_multiplier, 1.0),
        beta=_or(wishes.beta, AUTO_BETA) if isinstance(wishes, DpoHyperparameters) else None,
        adapter=settled,
        early_stopping_patience=patience,
    )


def _or(value: float | str | None, default: float) -> Any:
    return default if value is None or value == "auto" else value
