"""Reading browser forms into pydantic models, with errors that stand beside the field and lose nothing typed."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.datastructures import FormData, UploadFile

from app.core.errors import FieldError, Invalid

M = TypeVar("M", bound=BaseModel)
MAX_FIELDS = 200
MAX_FIELD_BYTES = 2_000_000


class StrictModel(BaseModel):
    """Base of every form and request body: unknown fields are an error, text is stripped of outer blanks."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


async def form_of(request: Request) -> FormData:
    """The parsed form, to be closed by who asks. Answers 4xx for forms beyond the limits."""
    return await request.form(max_files=1, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES)


async def read_form(request: Request) -> AsyncIterator[FormData]:
    """``form_of``, also where the route itself is sync."""
    form = await form_of(request)
    try:
        yield form
    finally:
        await form.close()  # an uploaded file is gone when the answer has left


FormDep = Annotated[FormData, Depends(read_form)]


@dataclass(frozen=True)
class FormState:
    """What a form template shows again after a refusal: the typed values, and an error per field."""

    values: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    message: str | None = None

    @property
    def untouched(self) -> bool:
        """Nothing was typed and refused: every field shows what it starts with."""
        return not self.values and not self.errors

    def value(self, name: str, default: Any = "") -> Any:
        return self.values.get(name, default)

    def error(self, name: str) -> str | None:
        return self.errors.get(name)


def form_values(form: FormData, lists: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Text fields as a dict; empty text is left out (absent), names in ``lists`` collect every value."""
    values: dict[str, Any] = {}
    for name in form:
        texts = [item for item in form.getlist(name) if not isinstance(item, UploadFile)]
        if name in lists:
            values[name] = [text for text in texts if text.strip()]
        elif texts and texts[-1].strip():
            values[name] = texts[-1]
    return values


def parse(model: type[M], values: Mapping[str, Any]) -> M:
    """Validate; raises Invalid naming each wrong field in words for people."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise invalid_from(error) from error


def invalid_from(error: ValidationError) -> Invalid:
    errors = field_errors(error.errors())
    return Invalid("Please mend the marked fields." if len(errors) > 1 else errors[0].msg, errors)


def field_errors(raw: Any) -> list[FieldError]:
    """Pydantic's errors as (dotted location, message)."""
    return [FieldError(".".join(str(part) for part in e["loc"]), _words(e)) for e in raw]


def _words(error: Any) -> str:
    if error["type"] == "missing":
        return "This is needed."
    return str(error["msg"]).removeprefix("Value error, ")


def refused(form: FormData, error: Invalid) -> FormState:
    """The state to show the form again with."""
    values = {name: form.get(name) for name in form if not isinstance(form.get(name), UploadFile)}
    return FormState(values, {e.loc: e.msg for e in error.errors}, str(error))
