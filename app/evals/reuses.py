"""Answers that are taken over from other runs: when a person may say so, and what is shown of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import Invalid
from app.core.stats.words import and_list
from app.evals.models import EvalRun, Output, RunReuse
from app.web.words import plural


@dataclass(frozen=True)
class Reused:
    """``outputs`` of a run are copies of answers that run ``number`` got."""

    run_id: str
    number: int
    outputs: int


@dataclass(frozen=True)
class Origin:
    """The output that another one is a copy of, and when it was asked for."""

    run_id: str
    number: int
    output_id: str
    asked_at: datetime


def check(how: str, parameters: dict[str, Any], repeats: int) -> None:
    """Raises Invalid where what is asked for would be no measurement."""
    if how == "no":
        return
    if repeats > 1:
        words = "Repeats show how stable the answers are: each is asked anew. Choose one of the two."
        raise Invalid.field("reuse_identical", words)
    if how == "temperature_0" and parameters.get("temperature") != 0:
        words = (
            "This candidate's temperature is not 0: its answers differ from call to call. Allow that, or reuse none."
        )
        raise Invalid.field("reuse_identical", words)


def of_run(session: Session, run: EvalRun) -> list[Reused]:
    """Whose answers a run took over, the oldest run first."""
    if run.reuse_identical == "no":
        return []
    query = select(EvalRun.id, EvalRun.number, RunReuse.outputs).join(RunReuse, RunReuse.source_run_id == EvalRun.id)
    return [Reused(*row) for row in session.execute(query.where(RunReuse.run_id == run.id).order_by(EvalRun.number))]


def count(session: Session, run: EvalRun) -> int:
    """Outputs that a run took over."""
    return sum(one.outputs for one in of_run(session, run))


def origin(session: Session, output: Output) -> Origin | None:
    if output.reused_from is None:
        return None
    query = select(EvalRun.id, EvalRun.number, Output.id, Output.created_at).join(Output, Output.run_id == EvalRun.id)
    row = session.execute(query.where(Output.id == output.reused_from)).first()
    return None if row is None else Origin(*row)


def in_words(reused: Sequence[Reused], total: int) -> str:
    """“12 of 200 outputs are reused from run 7”; empty where none is."""
    if not reused:
        return ""
    runs = [str(one.number) for one in reused]
    count = sum(one.outputs for one in reused)
    told = f"{count:,} of {plural(total, 'output')} {'is' if count == 1 else 'are'} reused"
    return f"{told} from run{'s' if len(runs) > 1 else ''} {and_list(runs)}"
