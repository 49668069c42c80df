"""What may be asked of embeddings."""

from typing import Literal

from pydantic import Field, model_validator

from app.web.forms import StrictModel


class NewEmbedder(StrictModel):
    """``kind``: none (search by words only), the model that runs here, or a provider's. ``price``: dollars per million
    tokens, for estimates and the ledger."""

    kind: Literal["none", "local", "provider"]
    provider_id: str | None = None
    model: str | None = Field(None, min_length=1, max_length=300)
    price: float | None = Field(None, ge=0, le=10_000, allow_inf_nan=False)

    @model_validator(mode="after")
    def _whole(self) -> "NewEmbedder":
        if self.kind == "provider" and not (self.provider_id and self.model):
            raise ValueError("Name the provider and its model for vectors.")
        return self


class NewQuestion(StrictModel):
    """A question somebody wants to search by meaning, where a provider makes its vector."""

    q: str = Field(min_length=1, max_length=20_000)


class UnknownDecision(StrictModel):
    action: Literal["accept", "resend"]
