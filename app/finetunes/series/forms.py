"""What is asked of a series."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from app.finetunes.forms import Hyperparameters, Method
from app.web.forms import StrictModel

MOST = 12  # fine-tunes in a series
Share = Annotated[float, Field(gt=0, le=1)]
Rate = Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)]


class Grid(StrictModel):
    """Values to try of each hyperparameter; every combination is a fine-tune. ``learning_rate`` and ``r`` are the local
    engine's, ``learning_rate_multiplier`` a hosted provider's."""

    n_epochs: list[Annotated[int, Field(ge=1, le=100)]] = Field(default=[])
    batch_size: list[Annotated[int, Field(ge=1, le=256)]] = Field(default=[])
    learning_rate: list[Annotated[float, Field(gt=0, le=1)]] = Field(default=[])
    learning_rate_multiplier: list[Rate] = Field(default=[])
    r: list[Annotated[int, Field(ge=1, le=512)]] = Field(default=[])


class NewSeries(StrictModel):
    """``held_back``: the part of the version that is measured on and never trained on. ``shares`` belong to a learning
    curve, ``grid`` to a sweep; ``hyperparameters`` are those of all. ``budget`` in dollars, for the whole of it."""

    purpose: Literal["learning_curve", "sweep"]
    provider_id: str
    base_model: str = Field(min_length=1, max_length=300)
    dataset_version_id: str
    method: Method
    hyperparameters: Hyperparameters = Field(default_factory=Hyperparameters)
    shares: list[Share] = Field(default=[0.25, 0.5, 0.75, 1.0], min_length=2, max_length=MOST)
    grid: Grid = Field(default_factory=Grid)
    held_back: float = Field(0.2, gt=0, le=0.5)
    graders: list[str | dict[str, Any]] | None = Field(None, min_length=1, max_length=10)
    seed: int = Field(0, ge=0, le=2**31 - 1)
    budget: float | None = Field(None, ge=0, le=10_000_000, allow_inf_nan=False)
    training_price: float | None = Field(None, ge=0, le=100_000, allow_inf_nan=False)
    override_reason: str | None = Field(None, max_length=2000)

    @model_validator(mode="after")
    def _of_one_purpose(self) -> "NewSeries":
        if self.purpose == "learning_curve" and any(self.grid.model_dump().values()):
            raise ValueError("A learning curve changes the share of the data only: leave the grid out.")
        if len(set(self.shares)) < len(self.shares):
            raise ValueError("Name each share once.")
        return self
