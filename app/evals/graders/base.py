"""What every grader works with: the output, the grade, and the two ways in which there is nothing to grade."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

if TYPE_CHECKING:
    from app.evals.graders.judging.asks import Ask, JudgeFields

OUTPUT_TEXT = "{{sample.output_text}}"


class NotGradable(Exception):
    """The case or the grader's definition lacks what grading needs: no grade, and never a pass."""

    detail: Mapping[str, Any] = {}


class TemplateError(NotGradable):
    """A template names something that the item does not have. ``path`` is the name as written."""

    def __init__(self, path: str, why: str = "the case has no such field") -> None:
        super().__init__(f"{{{{{path}}}}}: {why}")
        self.path = path


class OutputError(Exception):
    """The output lacks what the grader looks at: that is the model's doing, so the grade is 0."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One output. ``problem`` says why it is not complete ("cut off at the token limit", "the call failed: 429");
    with a problem, or with neither text, refusal nor tool calls, nothing passes."""

    output_text: str | None
    tool_calls: Sequence[Mapping[str, Any]] = ()
    refusal: str | None = None
    problem: str | None = None

    @property
    def incomplete(self) -> str | None:
        """Why this output counts as failed, or ``None``."""
        if self.problem:
            return self.problem
        return None if self.output_text or self.refusal or self.tool_calls else "the output is empty"


@dataclass(frozen=True, slots=True)
class Grade:
    """``score`` in [0, 1]. ``score`` and ``passed`` are ``None`` where the case could not be graded; ``reason`` says
    why in either case."""

    score: float | None
    passed: bool | None
    reason: str
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scored:
    """What a definition answers for a complete output; the threshold is applied by the engine."""

    score: float
    reason: str
    detail: dict[str, Any] = field(default_factory=dict)


class Definition(BaseModel):
    """Base of the grader definitions. A subclass names its ``type``, the metric that it feeds unless told otherwise,
    the score that passes, and implements ``score``."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, serialize_by_alias=True)
    default_metric: ClassVar[str]
    default_threshold: ClassVar[float] = 1.0

    type: str
    name: str = Field(min_length=1, max_length=200)

    @model_validator(mode="before")
    @classmethod
    def _named(cls, raw: Any) -> Any:
        """A grader without a name is called by its type."""
        return {"name": raw.get("type"), **raw} if isinstance(raw, dict) else raw

    @property
    def templates(self) -> tuple[str, ...]:
        """The templates that are filled in for each case."""
        return ()

    @property
    def own_threshold(self) -> float | None:
        """The score in [0, 1] from which the definition itself says that an output passes."""
        return getattr(self, "pass_threshold", None)

    @property
    def asks(self) -> "tuple[Ask, ...]":
        """What judges must be asked before this can be graded."""
        return ()

    def with_judges(self, settled: "Callable[[JudgeFields], Mapping[str, Any]]") -> Self:
        """The definition with the fields that ``settled`` answers for each judge in it (its provider, its price)."""
        return self

    def check_case(self, item: Mapping[str, Any]) -> None:
        """Raise ``NotGradable`` for a case that cannot be graded, whatever the output is."""

    def score(self, scope: Any) -> Scored:
        """Grade one complete output; ``scope`` is a ``templates.Scope``. Raises ``NotGradable`` or ``OutputError``."""
        raise NotImplementedError(self.type)


def quoted(text: str, limit: int = 120) -> str:
    """Model output as it may stand in a reason: one line, printable, short."""
    clean = "".join(char if char.isprintable() else " " for char in text[: limit + 1])
    return f"“{clean[:limit]}…”" if len(clean) > limit else f"“{clean}”"
