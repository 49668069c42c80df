"""The grader types, and how a grader object becomes a checked ``GraderSpec``."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from app.core.errors import FieldError, Invalid
from app.core.instructions import WrongInstruction
from app.evals.catalogue import GRADED
from app.evals.graders.base import Definition
from app.evals.graders.behavior import BehaviorGrader
from app.evals.graders.groundedness import Groundedness
from app.evals.graders.instructions import Instructions
from app.evals.graders.json_schema import JsonSchema
from app.evals.graders.label_model import LabelModel
from app.evals.graders.multi import Multi
from app.evals.graders.pairwise_model import PairwiseModel
from app.evals.graders.regex import Regex
from app.evals.graders.score_model import ScoreModel
from app.evals.graders.string_check import StringCheck
from app.evals.graders.templates import problem_of
from app.evals.graders.text_similarity import TextSimilarity
from app.evals.graders.tool_call import ToolCall

# A new grader is its own file, its line in these two, its test, and its row in docs/graders.md.
GRADERS: dict[str, type[Definition]] = {
    "string_check": StringCheck,
    "text_similarity": TextSimilarity,
    "json_schema": JsonSchema,
    "regex": Regex,
    "behavior": BehaviorGrader,
    "score_model": ScoreModel,
    "label_model": LabelModel,
    "pairwise_model": PairwiseModel,
    "instructions": Instructions,
    "tool_call": ToolCall,
    "multi": Multi,
    "groundedness": Groundedness,
}
AnyGrader = Annotated[
    StringCheck
    | TextSimilarity
    | JsonSchema
    | Regex
    | BehaviorGrader
    | ScoreModel
    | LabelModel
    | PairwiseModel
    | Instructions
    | ToolCall
    | Multi
    | Groundedness,
    Field(discriminator="type"),
]
_ADAPTER: TypeAdapter[Definition] = TypeAdapter(AnyGrader)
_OURS = ("metric", "pass_threshold", "version")


class GraderSpec(BaseModel):
    """A definition with what it counts for: the metric that it feeds and the score from which it passes."""

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)
    name: str = Field(min_length=1, max_length=200)
    definition: AnyGrader
    metric: str
    pass_threshold: float = Field(ge=0, le=1)
    version: int = Field(1, ge=1)

    @model_validator(mode="after")
    def _usable(self) -> "GraderSpec":
        if self.metric not in GRADED:
            raise ValueError(f"metric {self.metric!r} is not one that a grader can feed: {', '.join(GRADED)}")
        for template in self.definition.templates:
            problem = problem_of(template)
            if problem:
                raise ValueError(problem)
        return self

    def snapshot(self) -> dict[str, Any]:
        """Plain JSON values, from which ``parse_spec`` makes an equal spec."""
        return self.model_dump(mode="json")


def parse_definition(raw: Mapping[str, Any], loc: str = "definition") -> Definition:
    """A grader object as a checked definition. Raises ``Invalid``, naming the field; ``loc`` stands before it."""
    kind = raw.get("type") if isinstance(raw, Mapping) else None
    if not isinstance(kind, str) or kind not in GRADERS:
        known = ", ".join(GRADERS)
        said = "has no type" if kind is None else f"has the unknown type {str(kind)[:60]!r}"
        raise Invalid.field(f"{loc}.type", f"The grader {said}. Known types: {known}.")
    try:
        return _ADAPTER.validate_python(dict(raw))
    except ValidationError as error:
        raise _invalid(error, loc, kind) from None


def parse_spec(raw: Mapping[str, Any], loc: str = "grader") -> GraderSpec:
    """A spec from its snapshot (``name``, ``definition``, ``metric``?, ``pass_threshold``?, ``version``?), or from a
    bare grader object, which may carry ``metric`` and ``pass_threshold`` itself. What is left out comes from the type.

    Raises ``Invalid``, naming the field.
    """
    if not isinstance(raw, Mapping):
        raise Invalid.field(loc, "A grader must be an object.")
    if "definition" in raw:
        outer, inner, loc_inner = dict(raw), raw["definition"], f"{loc}.definition"
    else:
        keeps = GRADERS.get(str(raw.get("type")), Definition).model_fields
        outer = {key: raw[key] for key in _OURS if key in raw and key not in keeps}
        inner = {key: value for key, value in raw.items() if key not in _OURS or key in keeps}
        loc_inner = loc
    definition = parse_definition(inner, loc_inner)
    given = {key: value for key, value in outer.items() if value is not None}
    threshold = definition.own_threshold
    defaults = {
        "name": definition.name,
        "metric": definition.default_metric,
        "pass_threshold": definition.default_threshold if threshold is None else threshold,
    }
    try:
        return GraderSpec.model_validate({**defaults, **given, "definition": definition})
    except ValidationError as error:
        raise _invalid(error, loc, definition.type) from None


def _invalid(error: ValidationError, loc: str, kind: str) -> Invalid:
    fields = []
    for entry in error.errors():
        at, why = [loc, *(str(step) for step in entry["loc"] if step != kind)], entry["msg"]
        cause = entry.get("ctx", {}).get("error")
        if isinstance(cause, WrongInstruction):  # names a field below the one that was validated
            at, why = [*at, cause.loc], cause.why
        fields.append(FieldError(".".join(at), why.removeprefix("Value error, ")))
    return Invalid(f"{fields[0].loc}: {fields[0].msg}", fields)
