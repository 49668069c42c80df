"""Composes the engine's HTTP application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from app.engine import chat_api, files_api, jobs_api, models_api, preview_api
from app.engine.bases import SMALL
from app.engine.config import EngineConfig
from app.engine.errors import install_handlers
from app.engine.guard import Guard
from app.engine.state import EngineDep, EngineState, make_state


def make_app(config: EngineConfig) -> FastAPI:
    """The application; its threads start and end with its lifespan."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = make_state(config)
        app.state.engine = engine
        _start(engine)
        yield
        _stop(engine)

    app = FastAPI(title="Holdout engine", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    for module in (files_api, jobs_api, preview_api, models_api, chat_api):
        app.include_router(module.router)
    app.add_api_route("/healthz", healthz)
    install_handlers(app)
    app.add_middleware(Guard, config=config)
    return app


def _start(engine: EngineState) -> None:
    engine.checker.start(fail=engine.runner.fail, queued=engine.runner.submit)
    engine.runner.start()
    engine.batcher.start()
    if engine.config.prepare:
        engine.bases.prepare_soon(SMALL)


def _stop(engine: EngineState) -> None:
    engine.batcher.stop()
    engine.runner.stop()
    engine.bases.stop()


def healthz(engine: EngineDep) -> dict[str, Any]:
    """The process lives; and how far the small model is (``model``: ready, preparing, absent, failed, unavailable)."""
    small = engine.bases.status[SMALL]
    return {
        "status": "ok",
        "model": small.state,
        "preparation": small.public(),
        "device": engine.config.device,
        "training": engine.runner.training,
        "queued": sum(job.status == "queued" for job in engine.jobs.all()),
    }
