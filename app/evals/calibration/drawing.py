"""Drawing outputs of a run for people to mark."""

import hashlib
import secrets
from math import floor

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.core.errors import Conflict, Invalid
from app.core.ids import is_id
from app.evals import queries as runs
from app.evals.calibration.forms import NewSample
from app.evals.calibration.models import CalibrationItem, CalibrationSample
from app.evals.calibration.service import choices_of
from app.evals.graders import Definition, parse_spec
from app.evals.graders.judging import Ask
from app.evals.models import EvalRun, Output
from app.projects.access import Access


def draw(session: Session, access: Access, new: NewSample) -> CalibrationSample:
    """A new sample of the run for this judge, or more outputs for the one that is there. Conflict when none is left."""
    run = runs.run(session, access.project.id, new.run_id, access.user.id)
    raw = next((raw for raw in run.graders if raw["name"] == new.grader), None)
    definition = parse_spec(raw).definition if raw else None
    if definition is None or not definition.asks:
        raise Invalid.field("grader", f"No judge of this run is called “{new.grader}”.")
    if definition.asks[0].against:
        raise Invalid.field(
            "grader", "A judge of pairs is compared with people in a blind round, not on single outputs."
        )
    sample = existing(session, access, run.id, new.grader) or _add(session, access, run, new.grader, definition)
    if tuple(sample.choices) != choices_of(definition):
        raise Conflict("People marked this sample with other labels: draw from another run.")
    drawn = _draw(session, sample, new)
    if not drawn:
        raise Conflict("Every complete output of this run is in the sample already.")
    record(
        session,
        "draw",
        "calibration sample",
        sample.id,
        actor_id=access.user.id,
        project_id=access.project.id,
        grader=sample.grader,
        outputs=drawn,
    )
    return sample


def existing(session: Session, access: Access, run_id: str, grader: str) -> CalibrationSample | None:
    """The run's sample for the judge of that name, locked; None where nothing was drawn yet."""
    if not is_id(run_id):
        return None
    query = select(CalibrationSample).where(
        CalibrationSample.project_id == access.project.id,
        CalibrationSample.run_id == run_id,
        CalibrationSample.grader == grader,
    )
    return session.scalar(query.with_for_update())


def _add(session: Session, access: Access, run: EvalRun, grader: str, definition: Definition) -> CalibrationSample:
    sample = CalibrationSample(
        project_id=access.project.id,
        grader=grader,
        run_id=run.id,
        choices=list(choices_of(definition)),
        guidance=guidance_of(definition.asks[0]),
        seed=secrets.randbelow(2**31),
        created_by=access.user.id,
    )
    session.add(sample)
    session.flush()
    return sample


def guidance_of(ask: Ask) -> str:
    """The rubric as the judge has it: people are to mark by the same one."""
    system = [text for role, text in ask.messages if role in ("system", "developer")]
    return "\n\n".join(system) or ask.messages[0][1]


def _draw(session: Session, sample: CalibrationSample, new: NewSample) -> int:
    """Outputs in the order of a hash with the sample's seed, so that the same seed draws the same ones."""
    there = select(CalibrationItem.output_id).where(CalibrationItem.sample_id == sample.id)
    free = session.scalars(
        select(Output.id).where(Output.run_id == sample.run_id, Output.status == "complete", Output.id.not_in(there))
    )
    chosen = sorted(free, key=lambda output_id: _shuffled(sample.seed, output_id))[: new.size]
    first = session.scalar(
        select(func.coalesce(func.max(CalibrationItem.position), 0)).where(CalibrationItem.sample_id == sample.id)
    )
    rows = [
        {
            "sample_id": sample.id,
            "output_id": output_id,
            "position": (first or 0) + number,
            "part": "rubric" if _every(number, new.rubric_share) else "measure",
        }
        for number, output_id in enumerate(chosen, 1)
    ]
    if rows:
        session.execute(insert(CalibrationItem), rows)
    return len(rows)


def _shuffled(seed: int, output_id: str) -> bytes:
    return hashlib.sha256(f"{seed}:{output_id}".encode()).digest()


def _every(number: int, share: float) -> bool:
    """True for that share of the numbers from one on, evenly spread."""
    return floor(number * share) > floor((number - 1) * share)
