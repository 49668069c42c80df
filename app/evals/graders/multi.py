"""OpenAI's ``multi``: one score out of several graders' scores, by a formula."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Literal

from pydantic import Field, SerializeAsAny, field_validator, model_validator

from app.core.errors import Invalid
from app.evals.graders.base import Definition, NotGradable, OutputError, Scored, quoted
from app.evals.graders.formula import FUNCTIONS, Formula, Uncomputable
from app.evals.graders.judging import Ask, JudgeFields
from app.evals.graders.templates import Scope

MAX_GRADERS = 10


class Multi(Definition):
    """``calculate_output`` over the scores of ``graders``, by name: + - * / ^, brackets, min, max, abs, floor, ceil,
    exp, sqrt, log. A result outside [0, 1] counts as the nearer end, and the reason says so. A formula without a value
    (a division by 0) gives 0. Where one of the graders cannot grade the case, neither can this one. At most ten
    graders, none of them a ``multi``. Passes from 1 unless ``pass_threshold`` says otherwise.
    """

    default_metric = "task_accuracy"
    type: Literal["multi"]
    graders: dict[str, SerializeAsAny[Definition]] = Field(min_length=1, max_length=MAX_GRADERS)
    calculate_output: str
    pass_threshold: float | None = Field(None, ge=0, le=1)

    @field_validator("graders", mode="before")
    @classmethod
    def _each(cls, raw: Any) -> Any:
        from app.evals.graders.registry import parse_definition  # it knows this type too

        if not isinstance(raw, Mapping):
            raise ValueError("write an object of graders by name")
        return {str(name): _one(str(name), definition, parse_definition) for name, definition in raw.items()}

    @model_validator(mode="after")
    def _formula_is_one(self) -> "Multi":
        self._formula.names  # noqa: B018 (reading it makes it, and refuses what is none)
        return self

    @cached_property
    def _formula(self) -> Formula:
        return Formula(self.calculate_output, self.graders)

    @property
    def templates(self) -> tuple[str, ...]:
        return tuple(template for grader in self.graders.values() for template in grader.templates)

    @property
    def asks(self) -> tuple[Ask, ...]:
        return tuple(ask for grader in self.graders.values() for ask in grader.asks)

    def with_judges(self, settled: Callable[[JudgeFields], Mapping[str, Any]]) -> "Multi":
        return self.model_copy(update={"graders": {name: g.with_judges(settled) for name, g in self.graders.items()}})

    def check_case(self, item: Mapping[str, Any]) -> None:
        for grader in self.graders.values():
            grader.check_case(item)

    def score(self, scope: Scope) -> Scored:
        parts = {name: _part(grader, scope) for name, grader in self.graders.items()}
        shown = ", ".join(f"{name} {part.score:.3f}" for name, part in parts.items())
        detail = {"graders": {name: {"score": part.score, "reason": part.reason} for name, part in parts.items()}}
        try:
            found = self._formula.value({name: part.score for name, part in parts.items()})
        except Uncomputable as error:
            return Scored(0.0, f"{quoted(self.calculate_output)} has no value here ({error}): {shown}", detail)
        score = min(1.0, max(0.0, found))
        counted = "" if score == found else f", counted as {score:.0f}"
        return Scored(score, f"{quoted(self.calculate_output)} = {found:.3f}{counted}: {shown}", detail)


def _one(name: str, definition: Any, parse: Any) -> Definition:
    if not name.isidentifier() or not name.isascii() or name in FUNCTIONS:
        raise ValueError(f"{name[:60]!r} cannot stand in a formula: use letters, digits and _, and no function's name")
    if isinstance(definition, Definition):
        return definition
    if isinstance(definition, Mapping) and definition.get("type") == "multi":
        raise ValueError(f"{name}: a multi grader cannot hold another one")
    try:
        found: Definition = parse({"name": name, **definition} if isinstance(definition, Mapping) else definition, name)
    except Invalid as error:
        raise ValueError(str(error)) from None
    return found


def _part(grader: Definition, scope: Scope) -> Scored:
    """A part that cannot grade the case leaves the whole without a grade; what the output lacks scores 0."""
    try:
        return grader.score(scope)
    except NotGradable as error:
        raise NotGradable(f"{grader.name}: {error}") from None
    except OutputError as error:
        return Scored(0.0, str(error))
