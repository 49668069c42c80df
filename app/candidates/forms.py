"""What a candidate may be made of."""

from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from app.candidates.few_shot.forms import FewShot
from app.candidates.knowledge.forms import NewRetrieval
from app.candidates.rules import INPUT, SOURCES
from app.web.forms import StrictModel

# what a chat completion may be asked for beside its messages
PARAMETERS: dict[str, tuple[type, float, float]] = {
    "temperature": (float, 0, 2),
    "top_p": (float, 0, 1),
    "max_tokens": (int, 1, 100_000),
    "seed": (int, 0, 2**31 - 1),
    "frequency_penalty": (float, -2, 2),
    "presence_penalty": (float, -2, 2),
}


class Price(StrictModel):
    """Dollars per million tokens."""

    input: float = Field(ge=0, le=10_000)
    output: float = Field(ge=0, le=10_000)


class NewCandidate(StrictModel):
    name: str = Field(min_length=1, max_length=120)
    provider_id: str
    model: str = Field(min_length=1, max_length=300)
    system_prompt: str | None = Field(None, max_length=200_000)
    prompt_template: str | None = Field(None, max_length=200_000)
    parameters: dict[str, Any] = Field(default_factory=dict)
    price: Price | None = None
    retrieval: NewRetrieval | None = None
    few_shot: FewShot | None = None

    @field_validator("prompt_template")
    @classmethod
    def _names_the_input(cls, template: str | None) -> str | None:
        if template and INPUT not in template:
            raise ValueError(f"Write {INPUT} where the request belongs.")
        return template or None

    @model_validator(mode="after")
    def _has_sources(self) -> Self:
        if self.prompt_template and SOURCES in self.prompt_template and self.retrieval is None:
            raise ValueError(f"The template names {SOURCES}, but the candidate searches no collection.")
        return self

    @field_validator("parameters")
    @classmethod
    def _known(cls, parameters: dict[str, Any]) -> dict[str, Any]:
        checked: dict[str, Any] = {}
        for name, value in parameters.items():
            if name not in PARAMETERS:
                raise ValueError(f"{name} is not one of {', '.join(PARAMETERS)}.")
            kind, low, high = PARAMETERS[name]
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise ValueError(f"{name} must be a number from {low:g} to {high:g}.")
            if kind is int and value != int(value):
                raise ValueError(f"{name} must be a whole number.")
            checked[name] = kind(value)
        return checked


class Preview(StrictModel):
    """A request as somebody types it, to see what would be sent; or whole messages."""

    input: str | None = Field(None, min_length=1, max_length=20_000)
    messages: list[dict[str, Any]] | None = Field(None, min_length=1, max_length=100)

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.input is None) == (self.messages is None):
            raise ValueError("Give either “input” or “messages”.")
        return self

    @property
    def request(self) -> list[dict[str, Any]]:
        return self.messages or [{"role": "user", "content": self.input}]


class NewBaseline(StrictModel):
    candidate_id: str
