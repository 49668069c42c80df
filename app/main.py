"""The web app: composes the stages' routers, middleware, error pages and static files."""

import gc
import importlib
import importlib.util
from typing import Any

from fastapi import APIRouter, FastAPI, Response
from starlette.routing import Match
from starlette.staticfiles import StaticFiles

from app.core.settings import get_settings
from app.web import errors, render, static
from app.web.admission import Admission
from app.web.security import RefuseCrossSite, SecurityHeaders

# A request makes thousands of objects that nobody refers to when it ends: looked through every 700, as Python does by
# itself, they cost a tenth of a decision's time.
COLLECT_AFTER = (20_000, 10, 10)

# in the order of the work; each may have routes.py (pages) and api.py (under /api/v1)
STAGES = (
    "accounts",
    "projects",
    "projects.notifications",
    "gateway",
    "examples",
    "checks",
    "checks.readiness",
    "checks.similar",
    "annotation",
    "annotation.assignments",
    "annotation.variations",
    "annotation.suggestions",
    "annotation.settlement",
    "annotation.agreement",
    "annotation.comments",
    "annotation.guidelines",
    "annotation.history",
    "annotation.rows",
    "datasets",
    "evals.playground",  # its addresses stand below those of candidates, whose ids would take them
    "candidates",
    "candidates.knowledge",
    "candidates.knowledge.embedding",
    "evals",
    "evals.calibration",
    "evals.tries",
    "comparisons",
    "preferences.imported",  # /rounds/import, which the id of a round would take
    "preferences.pairs",
    "preferences.opening",  # /rounds/new stands before /rounds/{round_id}
    "preferences.voting",
    "preferences.guests",
    "preferences",
    "preferences.results",
    "preferences.judged",
    "finetunes.preview",
    "finetunes.comparing",
    "finetunes.exporting",
    "finetunes",
    "finetunes.lineage",
    "finetunes.checkpoints",
    "finetunes.doctor",
    "finetunes.development",
    "finetunes.series",
    "decisions",
    "decisions.links",
    "decisions.adviser",
    "costs",
    "traffic",
    "erasure",
    "overview",
)


# pages that are opened all day are looked for first: every route before them costs each request a comparison
OFTEN = ("annotation", "examples")


class UnderApi(APIRouter):
    """Pages do not walk through the API's several hundred routes to find theirs."""

    def matches(self, scope: Any) -> tuple[Match, Any]:
        return super().matches(scope) if scope["path"].startswith(self.prefix) else (Match.NONE, {})


class LongLivedStatic(StaticFiles):
    """Under the version's own folder browsers may keep files for a year; under any other address they must ask."""

    async def get_response(self, path: str, scope: Any) -> Response:
        version, _, rest = path.partition("/")
        known = version == static.static_version()
        response = await super().get_response(rest if known else path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if known else "no-cache"
        return response


def routers(kind: str) -> list[APIRouter]:
    """The ``router`` of every stage that has a module ``kind`` (routes or api)."""
    found = []
    for stage in sorted(STAGES, key=lambda stage: stage not in OFTEN):
        name = f"app.{stage}.{kind}"
        if importlib.util.find_spec(name):
            found.append(importlib.import_module(name).router)
    return found


def create_app() -> FastAPI:
    app = FastAPI(
        title="Holdout",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        telemetry={"tracing": False, "metrics": False, "logs": False},  # else every request asks whether there is any
    )
    errors.install(app)
    app.mount("/static", LongLivedStatic(directory=static.STATIC), name="static")
    api = UnderApi(prefix="/api/v1")
    for router in routers("api"):
        api.include_router(router)
    app.include_router(api)
    app.router.routes[:0] = [
        route for stage in OFTEN for route in importlib.import_module(f"app.{stage}.routes").ROUTES_AT_ONCE
    ]
    for router in (*routers("routes"), importlib.import_module("app.web.routes").router):
        app.include_router(router)
    render.set_nav_builder(importlib.import_module("app.overview.nav").build)
    https = (get_settings().base_url or "").startswith("https://")
    app.add_middleware(Admission)
    app.add_middleware(RefuseCrossSite)
    app.add_middleware(SecurityHeaders, https=https)
    # What stands now stays for good. Without this the collector walks all of it again and again, a quarter of a second
    # at a time, whenever a page over thousands of cases has made enough objects.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    return app
