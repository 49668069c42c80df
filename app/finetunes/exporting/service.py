"""The folder of one run: the version's folder (``datasets.folder``), with this run's rows and settings in it."""

from collections.abc import Callable, Iterator
from typing import Any, Literal

from sqlalchemy.orm import Session
from starlette.responses import StreamingResponse

from app.core.db import transaction
from app.core.errors import Invalid
from app.datasets import export
from app.datasets import version_queries as records
from app.datasets.fits import fit
from app.datasets.folder.build import Folder, files
from app.datasets.folder.recipe import Recipe
from app.datasets.folder.targets import MODEL_NAME, TARGETS, Facts
from app.datasets.folder.zipped import zipped
from app.datasets.formats import Record
from app.finetunes.dialects import flat
from app.finetunes.estimates import SMALL_MODEL
from app.finetunes.material import service as materials
from app.finetunes.models import FineTune
from app.finetunes.queries import fine_tune, version
from app.finetunes.rules import LEARNING_RATES
from app.projects.models import Project

Format = Literal["trl", "llama_factory", "axolotl"]
HUB = {SMALL_MODEL: "HuggingFaceTB/SmolLM2-135M-Instruct"}  # ours is made from its weights
ENGINE_EPOCHS = ENGINE_BATCH = 4


def recipe(row: FineTune) -> Recipe:
    """How the run trains, in plain numbers: what its provider settled, else what was asked for, else the engine's own
    choice. A hosted provider's own method is not known: LoRA stands in, and the README says so."""
    said: dict[str, Any] = flat(row.hyperparameters) | flat(row.settled_hyperparameters or {})

    def number(key: str, default: float) -> float:
        value = said.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        return default  # "auto" is no number

    method = "lora" if row.method == "api" else row.method
    rank = int(number("adapter.r", 16))
    rate = number("adapter.learning_rate", LEARNING_RATES[row.objective][method])
    modules = said.get("adapter.target_modules")
    if isinstance(modules, str) and modules.startswith("["):
        modules = [name.strip(" \"'") for name in modules.strip("[]").split(",")]
    return Recipe(
        method=method,
        rank=rank,
        alpha=number("adapter.alpha", 2 * rank),
        dropout=number("adapter.dropout", 0),
        modules=tuple(modules) if isinstance(modules, list) else None,
        rate=rate * (number("learning_rate_multiplier", 1) if row.method != "api" else 1),
        epochs=int(number("n_epochs", ENGINE_EPOCHS)),
        batch=int(number("batch_size", ENGINE_BATCH)),
        accumulation=1,
        beta=number("beta", 0.1),
        seed=int(number("seed", 1)),
        scheduler="linear",
        note=_note(row),
    )


def _note(row: FineTune) -> str:
    told = f"The settings are those of fine-tune {row.number}"
    if row.method == "api":
        return f"{told} as far as its provider tells them; how it trains is not known, so LoRA stands in."
    return f"{told}; it warms up for a tenth of its steps, ten at most, which is not repeated here."


def response(session: Session, project: Project, fine_tune_id: str, target: Format) -> StreamingResponse:
    """Raises Invalid naming the rows that the trainer's format cannot hold."""
    row = fine_tune(session, project.id, fine_tune_id)
    folder = _plan(session, project, row, target)
    headers = export.attachment(f"{folder.root}.zip")
    body = _body(project.id, row.id, folder)
    return StreamingResponse(body, media_type="application/zip", headers=headers)


def _plan(session: Session, project: Project, row: FineTune, target: Format) -> Folder:
    trained = version(session, row.dataset_version_id)
    base = HUB.get(row.base_model, row.base_model)
    if not MODEL_NAME.fullmatch(base):
        raise Invalid.field("format", f"“{base[:80]}” is no name of a model that a trainer could load.")
    paired = row.objective == "dpo"
    writer = TARGETS[target].writer(paired)
    found = fit(writer, records.records(session, trained.id), paired)
    if found.count:
        label = TARGETS[target].label
        said = f"{found.count:,} of {trained.size:,} examples do not fit into what {label} reads: {export.said(found)}."
        raise Invalid.field("format", said)
    kept, _held = materials.parted(session, materials.of_row(session, row))
    facts = Facts(
        project=project.name,
        version=f"v{trained.number} {trained.name}",
        content_hash=trained.content_hash,
        rows=sum(1 for one in records.records(session, trained.id) if kept(one)),
        left_out=0,
        base_model=base,
        paired=paired,
        recipe=recipe(row),
    )
    return Folder(TARGETS[target], facts, f"{project.slug}-fine-tune-{row.number}-{target.replace('_', '-')}")


def _body(project_id: str, fine_tune_id: str, folder: Folder) -> Iterator[bytes]:
    """A transaction of its own: the request's is over when the body begins."""
    with transaction() as session:
        row = fine_tune(session, project_id, fine_tune_id)
        yield from export.chunked(zipped(_files(session, row, folder)))


def _files(session: Session, row: FineTune, folder: Folder) -> Iterator[tuple[str, Iterator[bytes] | Any]]:
    material = materials.of_row(session, row)
    kept, held = materials.parted(session, material)
    writer, paired = folder.target.writer(folder.facts.paired), folder.facts.paired
    yield from files(folder, _rows(session, row.dataset_version_id, kept))
    if material.validated:
        other = material.validated_with.id if material.validated_with else row.dataset_version_id
        lines = writer.write(export.fitting(writer, _rows(session, other, held), paired), paired)
        yield f"{folder.root}/validation.jsonl", export.chunked(lines)


def _rows(session: Session, version_id: str, keep: Callable[[Record], bool]) -> Iterator[Record]:
    return (one for one in records.records(session, version_id) if keep(one))
