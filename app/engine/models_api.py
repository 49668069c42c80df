"""``/v1/models``."""

from typing import Any

from fastapi import APIRouter

from app.engine.state import EngineDep, EngineState

router = APIRouter(prefix="/v1/models")


def _base(engine: EngineState, name: str) -> dict[str, Any]:
    created = engine.bases.created(name)
    return {"id": name, "object": "model", "created": created, "owned_by": "holdout", "kind": "base"}


@router.get("")
def list_models(engine: EngineDep) -> dict[str, Any]:
    """Base models first, then tuned ones, newest first."""
    bases = [_base(engine, name) for name in engine.bases.names()]
    return {"object": "list", "data": bases + [engine.tuned.public(model) for model in engine.tuned.all()]}


@router.get("/{model}")
def retrieve(engine: EngineDep, model: str) -> dict[str, Any]:
    for tuned in engine.tuned.all():
        if tuned.id == model:
            return engine.tuned.public(tuned)
    target = engine.tuned.target(model)
    if target.adapter is None and target.full is None:
        return _base(engine, model)
    return {"id": model, "object": "model", "created": 0, "owned_by": "holdout", "root": target.base}


@router.delete("/{model}")
def delete(engine: EngineDep, model: str) -> dict[str, Any]:
    engine.tuned.delete(model)
    return {"id": model, "object": "model", "deleted": True}
