"""The query of an address as a model, for pages that are asked for again and again with the same one."""

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)


def remembered_query(model: type[Model]) -> Callable[[Request], Model]:
    """A function that reads each query once: FastAPI takes as long as a statement to the database for nine fields.

    What it gives is shared by requests: it is copied, never changed. Errors are those of ``Query()``.
    """

    @lru_cache(1024)
    def read(query: str) -> Model:
        return model.model_validate(dict(parse_qsl(query, keep_blank_values=True)))

    def asked_for(request: Request) -> Model:
        try:
            return read(request.scope["query_string"].decode("latin-1"))
        except ValidationError as error:
            raise RequestValidationError([one | {"loc": ("query", *one["loc"])} for one in error.errors()]) from error

    return asked_for
