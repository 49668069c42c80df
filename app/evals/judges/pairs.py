"""The other output of a pair: what the run that a judge compares with answered to the same case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import Invalid
from app.core.ids import is_id
from app.evals.graders import GraderSpec
from app.evals.graders.judging import Ask
from app.evals.models import EvalRun, Output

Key = tuple[str, str, int]  # run, case, repeat


@dataclass(frozen=True)
class Others:
    """Texts of the other runs' complete outputs."""

    texts: Mapping[Key, str]

    def pair(self, ask: Ask, output: Output, turn: str) -> tuple[str, str] | None:
        """This output and the other one in the order of the turn: in ``ab`` this one stands first. None for an ask
        that compares nothing, and where the other run has nothing to compare with."""
        if ask.against is None:
            return None
        other = self.texts.get((ask.against, output.case_id, output.repeat))
        if other is None:
            return None
        return (output.text or "", other) if turn == "ab" else (other, output.text or "")


def check(session: Session, project_id: str, test_set_id: str, specs: Sequence[GraderSpec]) -> None:
    """Invalid where a judge of pairs names a run that is not there, or is of another set."""
    for index, spec in enumerate(specs):
        for ask in spec.definition.asks:
            run = session.get(EvalRun, ask.against) if is_id(ask.against or "") else None
            if ask.against and (run is None or run.project_id != project_id or run.test_set_id != test_set_id):
                words = f"“{spec.name}” must name a run of this project on the same test set to compare with."
                raise Invalid.field(f"graders.{index}.against", words)


def others_of(session: Session, asks: Sequence[Ask], case_ids: Sequence[str] | None = None) -> Others:
    runs = {ask.against for ask in asks if ask.against}
    if not runs:
        return Others({})
    query = select(Output.run_id, Output.case_id, Output.repeat, Output.text).where(
        Output.run_id.in_(runs), Output.status == "complete", Output.text.is_not(None)
    )
    if case_ids is not None:
        query = query.where(Output.case_id.in_(case_ids))
    return Others({(row.run_id, row.case_id, row.repeat): row.text for row in session.execute(query)})
