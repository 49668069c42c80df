"""The one place where errors become responses: problem+json for the API, a page for people."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, OperationalError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from app.core.errors import (
    Conflict,
    FieldError,
    Forbidden,
    HoldoutError,
    Invalid,
    NotFound,
    SignInRequired,
    TooLarge,
    TooMany,
)
from app.web.forms import field_errors
from app.web.render import render

log = logging.getLogger(__name__)

STATUS: dict[type[HoldoutError], int] = {
    NotFound: 404,
    Forbidden: 403,
    SignInRequired: 401,
    Conflict: 409,
    TooMany: 429,
    TooLarge: 413,
    Invalid: 422,
}
TITLES = {
    400: "That request could not be read",
    401: "Sign in first",
    403: "You may not do this",
    404: "Not found",
    405: "Not possible here",
    409: "That has changed meanwhile",
    413: "Too large",
    415: "That kind of file is not understood",
    422: "Something needs mending",
    429: "Too many attempts",
    500: "Something broke on our side",
    503: "Not reachable right now",
}
UNSTORABLE = "The text contains a character that cannot be stored (NUL or half of a surrogate pair). Remove it."


@dataclass(frozen=True)
class ErrorPage:
    title: str
    status: int
    detail: str
    errors: list[FieldError] = field(default_factory=list)


def answer(
    request: Request,
    status: int,
    detail: str,
    errors: list[FieldError] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    title = TITLES.get(status, "That did not work")
    if request.url.path.startswith("/api/"):
        body: dict[str, object] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
        if errors:
            body["errors"] = [{"loc": e.loc, "msg": e.msg} for e in errors]
        return JSONResponse(body, status, headers, media_type="application/problem+json")
    page = ErrorPage(title, status, detail, errors or [])
    return render(request, "layout/error.html", page, status=status, headers=headers)


def on_holdout_error(request: Request, error: Exception) -> Response:
    status = next(code for kind, code in STATUS.items() if isinstance(error, kind))
    if isinstance(error, SignInRequired) and not request.url.path.startswith("/api/"):
        target = request.url.path if request.method == "GET" else "/"
        return RedirectResponse(f"/sign-in?next={quote(target)}", 303)
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, TooMany) else None
    if status == 401:
        headers = {"WWW-Authenticate": "Bearer"}
    return answer(request, status, str(error), error.errors if isinstance(error, Invalid) else None, headers)


def on_validation_error(request: Request, error: Exception) -> Response:
    found = [_untagged(one, error.body) for one in error.errors()] if isinstance(error, RequestValidationError) else []
    errors = field_errors(found)
    tidy = [FieldError(e.loc.removeprefix("body.").removeprefix("query."), e.msg) for e in errors]
    return answer(request, 422, "; ".join(f"{e.loc}: {e.msg}" for e in tidy[:5]) or "The input is not valid.", tidy)


def _untagged(error: Mapping[str, Any], body: Any) -> Mapping[str, Any]:
    """Where a body is one of several kinds, pydantic puts the kind before the field: the sender never wrote it."""
    loc = error["loc"]
    tagged = len(loc) > 2 and loc[0] == "body" and isinstance(body, dict) and loc[1] not in body
    return {**error, "loc": (loc[0], *loc[2:])} if tagged else error


def on_http_exception(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = str(error.detail) if isinstance(error, HTTPException) else ""
    if status == 404:
        detail = str(NotFound())
    headers = dict(error.headers) if isinstance(error, HTTPException) and error.headers else None
    return answer(request, status, detail, headers=headers)


def on_database_error(request: Request, error: Exception) -> Response:
    """Text that Postgres cannot hold is the sender's mistake; a lost connection is a 503; the rest is ours."""
    cause = error.orig if isinstance(error, StatementError) else error
    if isinstance(cause, UnicodeEncodeError | psycopg.DataError):
        return answer(request, 422, UNSTORABLE)
    if isinstance(cause, psycopg.errors.RestrictViolation):  # one of our triggers: sealed, frozen, closed
        return answer(request, 409, (cause.diag.message_primary or "This cannot change any more.").capitalize())
    gone = isinstance(error, DBAPIError) and error.connection_invalidated
    if gone or isinstance(error, OperationalError | psycopg.OperationalError | PoolTimeout):
        return answer(request, 503, "Try again in a few seconds.", headers={"Retry-After": "5"})
    return on_bug(request, error)


def on_bug(request: Request, error: Exception) -> Response:
    log.error("unhandled error on %s", request.url.path, exc_info=error)
    return answer(
        request, 500, "The error has been logged. What you typed is still in the form: go back and try again."
    )


def install(app: FastAPI) -> None:
    app.add_exception_handler(HoldoutError, on_holdout_error)
    app.add_exception_handler(RequestValidationError, on_validation_error)
    app.add_exception_handler(HTTPException, on_http_exception)
    app.add_exception_handler(StatementError, on_database_error)
    app.add_exception_handler(psycopg.Error, on_database_error)  # of statements that go to the driver
    app.add_exception_handler(PoolTimeout, on_database_error)
    app.add_exception_handler(UnicodeEncodeError, on_database_error)
    app.add_exception_handler(Exception, on_bug)
