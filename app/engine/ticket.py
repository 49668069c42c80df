"""One chat request on its way through the batcher, and what comes back from it."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Literal

from app.engine.errors import EngineError
from app.engine.tuned import Target

FinishReason = Literal["stop", "length"]


@dataclass(frozen=True)
class Sampling:
    """Requests of equal sampling can share a batch. ``temperature`` 0 is greedy."""

    temperature: float
    top_p: float
    #: Set only where it matters: a sampled request with a seed runs alone, so that it can be repeated.
    seed: int | None = None


@dataclass(frozen=True)
class Delta:
    """A piece of the answer's text."""

    text: str


@dataclass(frozen=True)
class Done:
    """The end of an answer."""

    text: str
    finish_reason: FinishReason
    prompt_tokens: int
    completion_tokens: int


@dataclass(eq=False)
class Ticket:
    """What the HTTP side asks for, and the queue that the worker thread answers on."""

    target: Target
    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]]
    sampling: Sampling
    max_tokens: int | None
    stops: list[str]
    stream: bool
    loop: asyncio.AbstractEventLoop
    answers: asyncio.Queue[Delta | Done | EngineError] = field(default_factory=asyncio.Queue)
    #: Set by the HTTP side when nobody listens any more; the worker then drops the request.
    abandoned: bool = False

    def send(self, answer: Delta | Done | EngineError) -> None:
        """Called by the worker thread."""
        self.loop.call_soon_threadsafe(self.answers.put_nowait, answer)

    @property
    def folder(self) -> str:
        """The model that has to be in memory: the base, or a whole tuned model of its own."""
        return str(self.target.full) if self.target.full else self.target.base

    def can_join(self, other: "Ticket") -> bool:
        """Whether both fit one batch."""
        alone = self.sampling.seed is not None
        return not alone and self.folder == other.folder and self.sampling == other.sampling
