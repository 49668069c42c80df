"""One judgement that a grader wants: of which model, with which words, and what the verdict may be."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator

from app.evals.graders.base import NotGradable
from app.evals.graders.judging.wording import PROTOCOL

SAMPLING = {"temperature", "top_p", "seed", "reasoning_effort", "max_completions_tokens", "max_completion_tokens"}
ASSUMED_OUTPUT_TOKENS = 512


class Price(BaseModel):
    """US dollars per million tokens."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    input: float = Field(ge=0, le=100_000)
    output: float = Field(ge=0, le=100_000)


class JudgeFields(BaseModel):
    """The fields that say which model judges. ``provider``: id or name of a connected provider; it may be left out
    where only one lists the model. ``sampling_params`` are OpenAI's; left out, the temperature is 0."""

    model: str = Field(min_length=1, max_length=300)
    provider: str | None = Field(None, min_length=1, max_length=200)
    price: Price | None = None
    sampling_params: dict[str, Any] = Field(default_factory=lambda: {"temperature": 0})

    @field_validator("sampling_params")
    @classmethod
    def _known(cls, value: dict[str, Any]) -> dict[str, Any]:
        unknown = sorted(set(value) - SAMPLING)
        if unknown:
            raise ValueError(f"unknown here: {', '.join(unknown)}. Known: {', '.join(sorted(SAMPLING))}")
        return value

    def with_judges(self, settled: "Callable[[JudgeFields], Mapping[str, Any]]") -> Self:
        """See ``Definition.with_judges``."""
        return self.model_copy(update=dict(settled(self)))

    @property
    def sampling(self) -> dict[str, Any]:
        """As a chat completion names it: OpenAI's graders write ``max_completions_tokens``."""
        names = {"max_completions_tokens": "max_completion_tokens"}
        return {names.get(name, name): value for name, value in self.sampling_params.items() if value is not None}


class Judge(JudgeFields):
    """A judge named inside another grader, in the place of its rules."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def ask(self, shape: "Shape", system: str, *messages: str) -> "Ask":
        """``messages`` are templates of what the user says."""
        said = (("system", system), *(("user", message) for message in messages))
        return Ask(self.model, self.provider, self.price, self.sampling, said, shape)


@dataclass(frozen=True)
class Range:
    """A score from ``low`` to ``high``."""

    low: float
    high: float

    def share(self, score: float) -> float:
        """The score as a number in [0, 1]."""
        return (score - self.low) / (self.high - self.low)


@dataclass(frozen=True)
class Labels:
    """One of these words."""

    labels: tuple[str, ...]


Shape = Range | Labels


@dataclass(frozen=True)
class Ask:
    """``messages``: (role, template). ``against``: the run whose output for the same case stands beside this one;
    then it is asked twice, each output standing first once, and ``turn`` of the judgement says which (ab, ba)."""

    model: str
    provider: str | None
    price: Price | None
    sampling: Mapping[str, Any]
    messages: tuple[tuple[str, str], ...]
    shape: Shape
    against: str | None = None

    @cached_property
    def key(self) -> str:
        """Sixteen hex digits of a SHA-256 over everything that may change a verdict: model, prompt, rubric, range or
        labels, sampling, and our own words around them. The price may not."""
        parts = {
            "model": self.model,
            "provider": self.provider,
            "sampling": dict(self.sampling),
            "messages": self.messages,
            "shape": asdict(self.shape),
            "against": self.against,
            "protocol": PROTOCOL,
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def turns(self) -> tuple[str, ...]:
        return ("ab", "ba") if self.against else ("",)

    @property
    def templates(self) -> tuple[str, ...]:
        return tuple(template for _, template in self.messages)

    def most_it_can_cost(self, characters: int) -> float | None:
        """Dollars for a prompt of that many characters: a token for every three, and all tokens that may come back."""
        if self.price is None:
            return None
        out = self.sampling.get("max_completion_tokens") or ASSUMED_OUTPUT_TOKENS
        return (characters / 3.0 * self.price.input + float(out) * self.price.output) / 1_000_000


@dataclass(frozen=True)
class Judgement:
    """What came of a call to a judge: a verdict (``score`` in the ask's own range, or ``label``, with ``reason``), or
    the ``problem`` that stands in its place. ``status``: given, unreadable, truncated or failed."""

    status: str
    score: float | None = None
    label: str | None = None
    reason: str = ""
    problem: str | None = None


class NotJudged(NotGradable):
    """There is no verdict: the case is left out of the metric and counted apart."""

    def __init__(self, why: str, status: str) -> None:
        super().__init__(why)
        self.detail = {"judge_failed": status}


def judged(ask: Ask, judgements: Mapping[str, Sequence[Judgement]]) -> Sequence[Judgement]:
    """The verdicts that the ask wants, one for each turn. Raises ``NotJudged`` where one is missing or unreadable."""
    found = judgements.get(ask.key, ())
    if len(found) < len(ask.turns):
        raise NotJudged("the judge has not answered yet", "missing")
    for one in found:
        if one.status != "given":
            raise NotJudged(f"no verdict: {one.problem or one.status}", one.status)
    return found
