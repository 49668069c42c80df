"""Verbs of development runs: start one, stop it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.annotation.assist import queries as asked
from app.annotation.assist import service as batches
from app.annotation.assist.forms import Price
from app.candidates import queries as candidates
from app.candidates.few_shot import service as few_shot
from app.core.errors import Conflict, Invalid
from app.datasets import versions
from app.datasets.rules import case_content
from app.evals import offers
from app.evals import service as evals
from app.evals.graders import GraderSpec
from app.evals.offers import CaseTraits
from app.evals.playground.forms import VariantBatch
from app.evals.playground.kind import PLAYGROUND
from app.examples.forms import SelectionFilter
from app.finetunes import queries as tunes
from app.finetunes.checkpoints import queries as checkpoints
from app.finetunes.development import queries
from app.finetunes.development.forms import NewDevelopmentRun
from app.finetunes.development.models import DevelopmentRun
from app.finetunes.models import FineTune
from app.projects.access import Access

MOST = 500  # examples that are asked


def start(session: Session, access: Access, row: FineTune, new: NewDevelopmentRun) -> DevelopmentRun:
    """Ask the model what the baseline would be asked, on each example. Invalid names a field that cannot be used."""
    specs = checked(session, access, row.dataset_version_id, new.dataset_version_id, new.graders)
    like = tunes.candidate(session, row.baseline_candidate_id) or candidates.baseline(session, row.project_id)
    if like is not None and like.retrieval:
        raise Conflict("The baseline searches documents, which only a run on a test set does: promote it, then run.")
    shots = few_shot.to_take_over(session, like.id) if like else ()
    wanted = VariantBatch(
        filter=SelectionFilter(ids=list(queries.example_ids(session, new.dataset_version_id, MOST))),
        provider_id=row.provider_id,
        model=_model(session, row, new.checkpoint_id),
        price=Price(**like.price) if like and like.price else None,
        budget=new.budget,
        system_prompt=like.system_prompt if like else None,
        prompt_template=like.prompt_template if like else None,
        parameters=dict(like.parameters) if like else {},
        few_shot=[(shot.example_id, shot.revision) for shot in shots],
    )
    batch = batches.start(session, access, PLAYGROUND, wanted)
    made = DevelopmentRun(
        fine_tune_id=row.id,
        checkpoint_id=new.checkpoint_id,
        dataset_version_id=new.dataset_version_id,
        batch_id=batch.id,
        graders=[spec.snapshot() for spec in specs],
        created_by=access.user.id,
    )
    session.add(made)
    session.flush()
    facts = {"fine_tune": row.number, "examples": batch.total}
    record(session, "start", "development run", made.id, actor_id=access.user.id, project_id=row.project_id, **facts)
    return made


def checked(
    session: Session, access: Access, trained_id: str, version_id: str, graders: Sequence[str | dict[str, Any]] | None
) -> list[GraderSpec]:
    """The graders that will be used. Invalid where the examples were trained on, or a grader asks a judge."""
    version = versions.load(session, access.project.id, version_id)
    if count := queries.shared(session, version.id, trained_id):
        said = f"{count:,} of the examples of v{version.number} were trained on: they would flatter the model."
        raise Invalid.field("dataset_version_id", said)
    specs = evals.specs(session, access.project.id, graders or fitting(session, access, version_id))
    if evals.judged(specs):
        raise Invalid.field("graders", "A grader that asks a judge is for runs on test sets: choose others here.")
    return specs


def fitting(session: Session, access: Access, version_id: str) -> list[dict[str, Any]]:
    """Graders for what the examples expect, as a new run on cases like these would begin with."""
    cases = [case_content(one.messages, one.expected, one.behavior) for one in queries.contents(session, version_id)]
    expected = [case.expected for case in cases if case is not None]

    def having(name: str) -> int:
        return sum(name in one for one in expected)

    traits = CaseTraits(len(expected), having("label"), having("json"), having("behavior"), having("text"))
    return offers.graders(traits, access.project.output_schema, access.project.labels)


def _model(session: Session, row: FineTune, checkpoint_id: str | None) -> str:
    if checkpoint_id is not None:
        return checkpoints.checkpoint(session, row.id, checkpoint_id).model
    if row.fine_tuned_model is None:
        raise Conflict("This fine-tune has no final model yet: choose one of its checkpoints.")
    return row.fine_tuned_model


def cancel(session: Session, access: Access, run: DevelopmentRun) -> None:
    """Send nothing more; what came back stays."""
    batches.cancel(session, access, asked.get(session, access.project.id, run.batch_id, PLAYGROUND.name))
