"""Errors in OpenAI's shape: ``{"error": {"message", "type", "param", "code"}}``."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException


class EngineError(Exception):
    """Something to tell the caller, with the HTTP status and OpenAI's fields."""

    def __init__(self, message: str, *, status: int = 400, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message, self.status, self.param, self.code = message, status, param, code

    def body(self) -> dict[str, Any]:
        return error_body(self.message, self.status, self.param, self.code)


def error_body(message: str, status: int, param: str | None, code: str | None) -> dict[str, Any]:
    kinds = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
    kind = kinds.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def not_found(kind: str, id: str, param: str | None = None) -> EngineError:
    """404 for an id that is not there, said in the words of the OpenAI API."""
    code = "model_not_found" if kind == "model" else None
    return EngineError(f"No such {kind}: {id!r}", status=404, param=param or "id", code=code)


def install_handlers(app: FastAPI) -> None:
    """Answer every error, our own and the framework's, in OpenAI's shape."""

    @app.exception_handler(EngineError)
    async def engine_error(request: Request, error: EngineError) -> JSONResponse:
        headers = {"Retry-After": "5"} if error.status in (429, 503) else None
        return JSONResponse(error.body(), status_code=error.status, headers=headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        param, message = explain(error.errors())
        return JSONResponse(error_body(message, 400, param, "invalid_value"), status_code=400)

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> JSONResponse:
        message = f"{error.detail}: {request.method} {request.url.path}"
        return JSONResponse(error_body(message, error.status_code, None, None), error.status_code)

    @app.exception_handler(Exception)
    async def crash(request: Request, error: Exception) -> JSONResponse:
        # The traceback goes to the log; the caller learns no more than that it is our fault.
        message = f"The engine failed on this request ({type(error).__name__}); its log has the details."
        return JSONResponse(error_body(message, 500, None, None), status_code=500)


def explain(problems: Sequence[dict[str, Any]]) -> tuple[str | None, str]:
    """Pydantic's first problem as (dotted field, sentence)."""
    # Of a field that may also be the word "auto", the other way of being wrong says more.
    problem = next((each for each in problems if each["type"] != "literal_error"), problems[0])
    param = ".".join(str(part) for part in problem["loc"] if _is_field(part)) or None
    if problem["type"] == "extra_forbidden":
        return param, f"Unrecognized request argument supplied: {param}"
    if problem["type"] == "missing":
        return param, f"Missing required parameter: '{param}'."
    message = str(problem["msg"]).removeprefix("Value error, ")
    return param, f"Invalid value for '{param}': {message}" if param else message


def _is_field(part: str | int) -> bool:
    """Pydantic's locations also name where in the request, and which of several types, was tried."""
    if isinstance(part, int):
        return True
    return part.isidentifier() and part not in ("body", "query", "path", "str", "int", "float")
