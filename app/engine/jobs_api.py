"""``/v1/fine_tuning/jobs``."""

import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import PlainTextResponse

from app.engine.errors import EngineError
from app.engine.hyperparameters import settle
from app.engine.job import CreateJob, Job
from app.engine.jobs import new_job
from app.engine.outcome import log_tail
from app.engine.paging import page
from app.engine.state import EngineDep, EngineState

router = APIRouter(prefix="/v1/fine_tuning/jobs")
Limit = Annotated[int, Query(ge=1, le=1000)]


def _public(engine: EngineState, job: Job) -> dict[str, Any]:
    return job.public(engine.jobs.estimated_finish(job))


@router.post("")
def create(engine: EngineDep, body: CreateJob) -> dict[str, Any]:
    """Queue a job. Its files are checked in the background; a bad one fails the job with the lines named."""
    model = engine.bases.resolve(body.model)
    for param in ("training_file", "validation_file"):
        if (id := getattr(body, param)) is not None:
            purpose = engine.files.get(id, param)["purpose"]
            if purpose != "fine-tune":
                raise EngineError(f"File {id} has purpose {purpose!r}; upload it with 'fine-tune'.", param=param)
    job = new_job(
        model=model,
        training_file=body.training_file,
        validation_file=body.validation_file,
        settled=settle(body.wishes(), body.adapter, body.early_stopping_patience),
        suffix=body.suffix,
        seed=secrets.randbelow(2**31) if body.seed is None else body.seed,
        metadata=body.metadata,
    )
    engine.jobs.add(job)
    engine.jobs.say(job.id, f"Created fine-tuning job: {job.id}")
    engine.checker.check(job.id)
    return _public(engine, job)


@router.get("")
def list_jobs(engine: EngineDep, request: Request, after: str | None = None, limit: Limit = 20) -> dict[str, Any]:
    """Newest first; ``metadata[key]=value`` keeps the jobs that carry it, ``metadata=null`` those with none."""
    jobs = engine.jobs.all()
    for key, value in request.query_params.multi_items():
        if key.startswith("metadata[") and key.endswith("]"):
            jobs = [job for job in jobs if (job.metadata or {}).get(key[9:-1]) == value]
        elif key == "metadata" and value == "null":
            jobs = [job for job in jobs if not job.metadata]
    return page([_public(engine, job) for job in jobs], limit=limit, after=after)


@router.get("/{id}")
def retrieve(engine: EngineDep, id: str) -> dict[str, Any]:
    return _public(engine, engine.jobs.get(id))


@router.post("/{id}/cancel")
def cancel(engine: EngineDep, id: str) -> dict[str, Any]:
    return _public(engine, engine.runner.cancel(id))


@router.post("/{id}/pause")
def pause(engine: EngineDep, id: str) -> dict[str, Any]:
    return _public(engine, engine.runner.pause(id))


@router.post("/{id}/resume")
def resume(engine: EngineDep, id: str) -> dict[str, Any]:
    return _public(engine, engine.runner.resume(id))


@router.get("/{id}/events")
def events(engine: EngineDep, id: str, after: str | None = None, limit: Limit = 20) -> dict[str, Any]:
    """Newest first, as OpenAI answers them."""
    return page(engine.jobs.events(id), limit=limit, after=after)


@router.get("/{id}/checkpoints")
def checkpoints(engine: EngineDep, id: str, after: str | None = None, limit: Limit = 10) -> dict[str, Any]:
    return page(engine.jobs.checkpoints(id), limit=limit, after=after)


@router.get("/{id}/log")
def log(engine: EngineDep, id: str) -> PlainTextResponse:
    """Ours: the last 64 kB that the training process printed."""
    engine.jobs.get(id)
    return PlainTextResponse(log_tail(engine.jobs.folder(id), 65_536))
