"""What a training job is run with: the caller's wishes, checked, and our defaults for the rest.

The defaults come from measurements with the small model (``docs/decisions/local-engine.md``).
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from app.engine.errors import EngineError

AUTO_EPOCHS, AUTO_BATCH = 4, 4
#: Step sizes that suited the small model. Full tuning moves every weight, so it takes smaller steps.
LEARNING_RATE = {"lora": 1e-3, "full": 1e-4}
SUPPORTED_ADAPTERS = tuple(LEARNING_RATE)


class Strict(BaseModel):
    """A request part in which a field that we do not know is an error, as with OpenAI."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Adapter(Strict):
    """Which weights are trained. ``full`` trains all of them and makes no adapter."""

    type: Literal["lora", "qlora", "full"] = "lora"
    r: Annotated[int, Field(ge=1, le=512)] | None = None
    alpha: Annotated[float, Field(gt=0, le=4096)] | None = None
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = None
    target_modules: Annotated[list[str], Field(min_length=1, max_length=64)] | str | None = None
    learning_rate: Annotated[float, Field(gt=0, le=1)] | None = None

    @field_validator("type")
    @classmethod
    def _supported(cls, value: str) -> str:
        if value not in SUPPORTED_ADAPTERS:
            raise ValueError(f"this engine trains {' and '.join(SUPPORTED_ADAPTERS)}, not {value}")
        return value


class Hyperparameters(Strict):
    """OpenAI's three, with our ``adapter`` beside them."""

    n_epochs: Literal["auto"] | Annotated[int, Field(ge=1, le=100)] | None = "auto"
    batch_size: Literal["auto"] | Annotated[int, Field(ge=1, le=256)] | None = "auto"
    learning_rate_multiplier: Literal["auto"] | Annotated[float, Field(gt=0, le=100)] | None = "auto"
    adapter: Adapter | None = None


class Settled(BaseModel):
    """Nothing left open: what the job's page shows and what the training process reads."""

    n_epochs: int
    batch_size: int
    learning_rate_multiplier: float
    adapter: dict[str, Any]

    def public(self) -> dict[str, Any]:
        """OpenAI's three numbers."""
        return self.model_dump(include={"n_epochs", "batch_size", "learning_rate_multiplier"})


def settle(wishes: Hyperparameters, adapter: Adapter | None) -> Settled:
    """Fill in the defaults. ``adapter`` may come beside the job or among its hyperparameters, not both.

    The step size is ``adapter.learning_rate`` (or the default of its type) times the multiplier.
    """
    if adapter is not None and wishes.adapter is not None:
        raise EngineError("'adapter' was given twice.", param="adapter")
    chosen = adapter or wishes.adapter or Adapter()
    settled: dict[str, Any] = {
        "type": chosen.type,
        "learning_rate": chosen.learning_rate or LEARNING_RATE[chosen.type],
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
        n_epochs=_or(wishes.n_epochs, AUTO_EPOCHS),
        batch_size=_or(wishes.batch_size, AUTO_BATCH),
        learning_rate_multiplier=_or(wishes.learning_rate_multiplier, 1.0),
        adapter=settled,
    )


def _or(value: float | str | None, default: float) -> Any:
    return default if value is None or value == "auto" else value
