"""A model gives one of a few labels: OpenAI's ``label_model``."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from app.evals.graders.base import Definition, NotGradable, Scored, quoted
from app.evals.graders.judging import Ask, JudgeFields, Labels
from app.evals.graders.judging.inputs import Input, messages_of, shows_the_output
from app.evals.graders.judging.scoring import verdicts
from app.evals.graders.templates import Scope


class LabelModel(JudgeFields, Definition):
    """1 where the judge's label is one of ``passing_labels``, else 0. Ours beside them: ``expected``, a template for
    the label that the case expects, in place of ``passing_labels``."""

    default_metric = "task_accuracy"
    type: Literal["label_model"]
    input: list[Input] = Field(min_length=1, max_length=50)
    labels: list[str] = Field(min_length=2, max_length=100)
    passing_labels: list[str] = Field(default_factory=list, max_length=100)
    expected: str | None = None

    _shows = field_validator("input")(shows_the_output)

    @model_validator(mode="after")
    def _agreeing(self) -> "LabelModel":
        if len(set(self.labels)) != len(self.labels) or any(not label.strip() for label in self.labels):
            raise ValueError("labels must be different words")
        unknown = [label for label in self.passing_labels if label not in self.labels]
        if unknown:
            raise ValueError(f"passing_labels must be among the labels; {quoted(unknown[0])} is not")
        if bool(self.passing_labels) == bool(self.expected):
            raise ValueError("name the passing_labels, or a template for the expected label: one of the two")
        return self

    @property
    def templates(self) -> tuple[str, ...]:
        return (*self.ask.templates, *((self.expected,) if self.expected else ()))

    @property
    def ask(self) -> Ask:
        shape = Labels(tuple(self.labels))
        return Ask(self.model, self.provider, self.price, self.sampling, messages_of(self.input), shape)

    @property
    def asks(self) -> tuple[Ask, ...]:
        return (self.ask,)

    def score(self, scope: Scope) -> Scored:
        expected = scope.fill(self.expected) if self.expected else None
        if expected is not None and expected not in self.labels:
            raise NotGradable(f"the expected label {quoted(expected)} is none of {', '.join(self.labels)}")
        (verdict,) = verdicts(self.ask, scope)
        passed = verdict.label in ([expected] if expected is not None else self.passing_labels)
        wanted = f", expected {expected}" if expected is not None else ""
        return Scored(float(passed), f"{verdict.label}{wanted}: {verdict.reason}", {"label": verdict.label})
