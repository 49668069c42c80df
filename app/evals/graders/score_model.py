"""A model gives a number: OpenAI's ``score_model``."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from app.evals.graders.base import Definition, Scored
from app.evals.graders.judging import Ask, JudgeFields, Range
from app.evals.graders.judging.inputs import Input, messages_of, shows_the_output
from app.evals.graders.judging.scoring import verdicts
from app.evals.graders.templates import Scope


class ScoreModel(JudgeFields, Definition):
    """The judge's score, brought from ``range`` to [0, 1]. ``pass_threshold`` is in the units of the range, as in
    OpenAI's object; without it the middle of the range passes."""

    default_metric = "task_accuracy"
    default_threshold = 0.5
    type: Literal["score_model"]
    input: list[Input] = Field(min_length=1, max_length=50)
    range: tuple[float, float] = (0.0, 1.0)
    pass_threshold: float | None = None

    _shows = field_validator("input")(shows_the_output)

    @model_validator(mode="after")
    def _ordered(self) -> "ScoreModel":
        low, high = self.range
        if not low < high:
            raise ValueError("range must be two numbers, the lower first")
        if self.pass_threshold is not None and not low <= self.pass_threshold <= high:
            raise ValueError(f"pass_threshold must lie within the range, {low:g} to {high:g}")
        return self

    @property
    def own_threshold(self) -> float | None:
        return None if self.pass_threshold is None else Range(*self.range).share(self.pass_threshold)

    @property
    def templates(self) -> tuple[str, ...]:
        return self.ask.templates

    @property
    def ask(self) -> Ask:
        return Ask(self.model, self.provider, self.price, self.sampling, messages_of(self.input), Range(*self.range))

    @property
    def asks(self) -> tuple[Ask, ...]:
        return (self.ask,)

    def score(self, scope: Scope) -> Scored:
        (verdict,) = verdicts(self.ask, scope)
        given = verdict.score or 0.0
        low, high = self.range
        return Scored(
            Range(low, high).share(given),
            f"{given:g} on {low:g} to {high:g}: {verdict.reason}",
            {"given": given},
        )
