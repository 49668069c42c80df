"""``/v1/models``: OpenAI's list, and what is ours beside it: download, merged export and import."""

import shutil
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse
from pydantic import AfterValidator, Field
from starlette.background import BackgroundTask

from app.engine import exchange
from app.engine.errors import EngineError
from app.engine.hyperparameters import Strict
from app.engine.job import plain_suffix
from app.engine.state import EngineDep, EngineState
from app.engine.storage import new_id
from app.engine.tuned import Target

router = APIRouter(prefix="/v1/models")


class ImportRequest(Strict):
    """``file``: the id of an uploaded tar of an adapter's folder."""

    file: str
    base: str
    suffix: Annotated[str, Field(min_length=1, max_length=64), AfterValidator(plain_suffix)] | None = None


def _base(engine: EngineState, name: str) -> dict[str, Any]:
    created = engine.bases.created(name)
    return {"id": name, "object": "model", "created": created, "owned_by": "holdout", "kind": "base"}


@router.get("")
def list_models(engine: EngineDep) -> dict[str, Any]:
    """Base models first, then tuned ones, newest first."""
    bases = [_base(engine, name) for name in engine.bases.names()]
    return {"object": "list", "data": bases + [engine.tuned.public(model) for model in engine.tuned.all()]}


@router.post("")
def import_adapter(engine: EngineDep, body: ImportRequest) -> dict[str, Any]:
    """Take up a LoRA adapter that was made elsewhere; it is served as if a job had made it."""
    archive = engine.files.path(body.file)
    name = engine.bases.resolve(body.base)
    base = engine.bases.ensure(name)
    made = engine.config.tuned / new_id(".importing-")
    made.mkdir()
    try:
        exchange.unpack_adapter(archive, made, base)
        return engine.tuned.public(engine.tuned.adopt(made, name, body.suffix))
    finally:
        shutil.rmtree(made, ignore_errors=True)


@router.get("/{model}")
def retrieve(engine: EngineDep, model: str) -> dict[str, Any]:
    """A tuned model also with the command by which vLLM serves it, from this machine's folders."""
    for tuned in engine.tuned.all():
        if tuned.id == model:
            return engine.tuned.public(tuned) | {"serve_command": _serve_command(engine, engine.tuned.target(model))}
    target = engine.tuned.target(model)
    if target.adapter is None and target.full is None:
        return _base(engine, model)
    found = {"id": model, "object": "model", "created": 0, "owned_by": "holdout", "root": target.base}
    return found | {"serve_command": _serve_command(engine, target)}


def _serve_command(engine: EngineState, target: Target) -> str:
    base = engine.config.models / target.base
    if target.full:
        return exchange.serve_command(target.id, base, target.full, "full")
    return exchange.serve_command(target.id, base, target.adapter or base, "adapter")


@router.get("/{model}/archive")
def archive(engine: EngineDep, model: str, merged: Annotated[bool, Query()] = False) -> FileResponse:
    """A tar of a tuned model or checkpoint: its adapter, or all weights as safetensors with ``merged=true``."""
    target = engine.tuned.target(model)
    folder = target.full or target.adapter
    if folder is None:
        raise EngineError(f"{model} is a base model: there is nothing to download.", param="model")
    work = engine.config.home / new_id(".archive-")
    work.mkdir()
    name = model.replace(":", "-")
    try:
        if merged and target.full is None:
            exchange.merge(engine.bases.ensure(target.base), folder, work / "merged", engine.config.threads)
            folder = work / "merged"
        exchange.pack(folder, work / "archive.tar", name)
        shutil.rmtree(work / "merged", ignore_errors=True)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    return FileResponse(
        work / "archive.tar",
        media_type="application/x-tar",
        filename=f"{name}.tar",
        background=BackgroundTask(shutil.rmtree, work, ignore_errors=True),
    )


@router.delete("/{model}")
def delete(engine: EngineDep, model: str) -> dict[str, Any]:
    engine.tuned.delete(model)
    return {"id": model, "object": "model", "deleted": True}
