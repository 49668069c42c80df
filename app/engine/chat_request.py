"""The body of ``POST /v1/chat/completions``: what is served, what is ignored and what is refused."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from app.engine.errors import EngineError
from app.engine.hyperparameters import Strict
from app.engine.messages import BadMessage, check_message
from app.engine.ticket import Sampling

#: Fields that ask for something this engine cannot do, and the values that ask for nothing.
_UNSUPPORTED: dict[str, tuple[Any, ...]] = {
    "n": (None, 1),
    "logprobs": (None, False),
    "top_logprobs": (None, 0),
    "frequency_penalty": (None, 0),
    "presence_penalty": (None, 0),
    "logit_bias": (None, {}),
    "modalities": (None, ["text"]),
    "audio": (None,),
    "prediction": (None,),
    "web_search_options": (None,),
    "functions": (None, []),
    "function_call": (None, "none", "auto"),
    "response_format": (None, {"type": "text"}),
    "tool_choice": (None, "none", "auto"),
}


class StreamOptions(Strict):
    include_usage: bool = False
    include_obfuscation: bool = False


class ChatRequest(Strict):
    """OpenAI's request. Fields that only steer OpenAI's own service are accepted and have no effect."""

    model: str
    messages: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=2048)]
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    stop: str | Annotated[list[str], Field(max_length=4)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    tools: Annotated[list[dict[str, Any]], Field(max_length=128)] | None = None
    tool_choice: Any = None
    parallel_tool_calls: bool | None = None

    n: Any = None
    logprobs: Any = None
    top_logprobs: Any = None
    frequency_penalty: Any = None
    presence_penalty: Any = None
    logit_bias: Any = None
    modalities: Any = None
    audio: Any = None
    prediction: Any = None
    web_search_options: Any = None
    functions: Any = None
    function_call: Any = None
    response_format: Any = None

    user: Any = None
    metadata: Any = None
    store: Any = None
    service_tier: Any = None
    safety_identifier: Any = None
    prompt_cache_key: Any = None
    prompt_cache_options: Any = None
    prompt_cache_retention: Any = None
    reasoning_effort: Any = None
    verbosity: Any = None
    moderation: Any = None

    @field_validator("messages")
    @classmethod
    def _usable_messages(cls, value: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for index, message in enumerate(value):
            try:
                check_message(message, f"messages[{index}]")
            except BadMessage as error:
                raise ValueError(str(error)) from None
        return value

    @model_validator(mode="after")
    def _only_supported(self) -> "ChatRequest":
        for name, allowed in _UNSUPPORTED.items():
            if (value := getattr(self, name)) not in allowed:
                raise EngineError(
                    f"'{name}': this engine does not support {str(value)[:80]!r}",
                    param=name,
                    code="unsupported_value",
                )
        return self

    def sampling(self) -> Sampling:
        """OpenAI's defaults; with temperature 0 neither ``top_p`` nor ``seed`` changes anything."""
        temperature = 1.0 if self.temperature is None else self.temperature
        if temperature == 0:
            return Sampling(0.0, 1.0)
        seed = None if self.seed is None else self.seed % 2**63
        return Sampling(temperature, self.top_p or 1.0, seed)

    def limit(self) -> int | None:
        """The most tokens of the answer; the newer of OpenAI's two names wins."""
        return self.max_completion_tokens or self.max_tokens

    def stops(self) -> list[str]:
        return [self.stop] if isinstance(self.stop, str) else self.stop or []

    def offered_tools(self) -> list[dict[str, Any]]:
        return [] if self.tool_choice == "none" else self.tools or []


FinishReason = Literal["stop", "length", "tool_calls"]
