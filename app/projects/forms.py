"""What people and programs may say of a project."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from app.web.forms import StrictModel

Goal = Literal["tone_style", "classification", "structured_output", "complex_domain"]
Role = Literal["viewer", "annotator", "engineer", "admin"]
MAX_LABELS = 1000


def check_schema(schema: dict[str, Any] | None) -> dict[str, Any] | None:
    if schema is not None:
        from jsonschema import Draft202012Validator, SchemaError

        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            raise ValueError(f"This is not a JSON Schema: {error.message}") from error
    return schema


Overlap = Annotated[int, Field(ge=1, le=10)]
Bound = Annotated[float, Field(ge=0, le=1)]
Rate = Annotated[float, Field(ge=0, le=100_000)]


class NewProject(StrictModel):
    name: str = Field(min_length=1, max_length=120)
    slug: str = Field(min_length=1, max_length=64)
    goal: Goal
    brief: str = Field("", max_length=4000)
    guideline: str = Field("", max_length=50_000)
    labels: list[str] = Field(default_factory=list, max_length=MAX_LABELS)
    output_schema: dict[str, Any] | None = None
    overlap: Overlap = 1
    expert_hourly_rate: Rate | None = None
    judge_bound: Bound = 0.6

    _schema = field_validator("output_schema")(check_schema)


class ProjectChange(StrictModel):
    name: str = Field(default="", min_length=1, max_length=120)
    goal: Goal = "structured_output"
    brief: str = Field("", max_length=4000)
    guideline: str = Field("", max_length=50_000)
    labels: list[str] = Field(default_factory=list, max_length=MAX_LABELS)
    output_schema: dict[str, Any] | None = None
    overlap: Overlap = 1
    expert_hourly_rate: Rate | None = None
    judge_bound: Bound = 0.6

    _schema = field_validator("output_schema")(check_schema)
