"""The ``input`` of OpenAI's model graders: messages whose content may be text or parts of text."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, field_validator

from app.evals.graders.templates import paths


class Input(BaseModel):
    """One message of a judge's prompt. Content in parts is joined, one a line."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    role: Literal["system", "developer", "user", "assistant"]
    content: str
    type: Literal["message"] = "message"

    @field_validator("content", mode="before")
    @classmethod
    def _joined(cls, value: Any) -> Any:
        parts = value if isinstance(value, list) else [value]
        if any(isinstance(part, dict) and not isinstance(part.get("text"), str) for part in parts):
            raise ValueError("only text can be shown to a judge")
        texts = [part["text"] if isinstance(part, dict) else part for part in parts]
        return "\n".join(texts) if texts and all(isinstance(text, str) for text in texts) else value


def messages_of(given: Sequence[Input]) -> tuple[tuple[str, str], ...]:
    return tuple((message.role, message.content) for message in given)


def shows_the_output(given: list[Input]) -> list[Input]:
    """A judge that is not shown the output cannot grade it."""
    if not any(path.startswith("sample") for message in given for path in paths(message.content)):
        raise ValueError("no message shows the output: write {{sample.output_text}} where it belongs")
    return given
