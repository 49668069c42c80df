"""Routes of no stage: health and the page of components. Health needs no sign-in (interfaces.md §1)."""

from fastapi import APIRouter, Request
from sqlalchemy import text
from starlette.responses import JSONResponse, Response

from app.core.db import get_engine
from app.core.schema import needed, present
from app.web import patterns
from app.web.render import render

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
def healthz() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/readyz")
def readyz() -> JSONResponse:
    """Database reachable and migrated, queue reachable; 503 with the reason otherwise."""
    try:
        with get_engine().connect() as connection:
            found = present(connection)
            connection.execute(text("select 1 from procrastinate_jobs limit 1"))
    except Exception as error:
        return JSONResponse({"status": "unavailable", "reason": type(error).__name__}, 503)
    if found != needed():
        return JSONResponse({"status": "unavailable", "reason": "run `holdout migrate`"}, 503)
    return JSONResponse({"status": "ok"})


@router.get("/_patterns")
def all_patterns(request: Request) -> Response:
    """Every component in every state, on sample content: nothing of anybody's, so no sign-in."""
    return render(request, "patterns/index.html", patterns.sample_page())
