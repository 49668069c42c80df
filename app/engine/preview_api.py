"""``POST /v1/fine_tuning/preview``, ours: what a job would be trained on, before there is one."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from app.engine.errors import EngineError
from app.engine.facts import machine_facts, model_facts
from app.engine.hyperparameters import Adapter, Hyperparameters, Strict, settle
from app.engine.job import Method
from app.engine.preview import Preview, load_tokenizer
from app.engine.state import EngineDep

router = APIRouter(prefix="/v1/fine_tuning/preview")


class PreviewRequest(Strict):
    """Rows as in a job's file, of which the first ``show`` come back as tokens and all are counted."""

    model: str
    method: Method | None = None
    adapter: Adapter | None = None
    rows: Annotated[list[dict[str, Any]], Field(max_length=5_000, default_factory=list)]
    show: Annotated[int, Field(ge=0, le=8)] = 4


@router.post("")
def preview(engine: EngineDep, body: PreviewRequest) -> dict[str, Any]:
    """Which tokens of the rows carry loss, how many tokens that makes, and the sizes that a memory estimate needs."""
    folder = engine.bases.ensure(body.model)
    context = engine.bases.context(folder)
    settled = settle((body.method and body.method.hyperparameters) or Hyperparameters(), body.adapter)
    tokenizer = load_tokenizer(folder) if body.rows else None
    if tokenizer is not None and not tokenizer.chat_template:
        raise EngineError(f"{body.model} has no chat template, so it cannot be tuned on chats.", param="model")
    found = Preview(tokenizer, settled.method, context, body.show)
    found.add(body.rows)
    return {
        "object": "fine_tuning.preview",
        "model": body.model,
        "method": settled.method,
        "base": asdict(model_facts(folder, context, settled.adapter)),
        "machine": machine_facts(engine.config.device, engine.config.threads),
        "counts": found.counts,
        "problems": found.problems,
        "rows": found.rows,
    }
