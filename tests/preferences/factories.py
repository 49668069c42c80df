"""Two finished runs on one sealed set, made of rows: what a round needs."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.candidates.models import Candidate
from app.core.ids import new_id
from app.datasets.models import TestCase, TestSet
from app.datasets.near import service as near
from app.evals.models import EvalRun, Output
from app.examples.models import SplitAssignment
from app.projects.models import Project


@dataclass
class Measured:
    test_set: TestSet
    runs: list[EvalRun]
    cases: list[TestCase]


def measured(
    session: Session, project: Project, cases: int = 6, identical: int = 0, runs: int = 2, *, commit: bool = True
) -> Measured:
    """A sealed set of ``cases``; each run answers every case, the first ``identical`` ones all the same."""
    test_set = TestSet(id=new_id(), project_id=project.id, name="Held out", kind="task", size=cases)
    session.add(test_set)
    session.flush()
    made = []
    for number in range(cases):
        unit = f"fp:{number:032x}"
        session.merge(SplitAssignment(project_id=project.id, unit=unit, split="test"))
        session.flush()
        case = TestCase(
            project_id=project.id, test_set_id=test_set.id, position=number, fingerprint_unit=unit, group_unit=unit,
            messages=[
                {"role": "system", "content": "secret system"},
                {"role": "user", "content": f"Question {number}?"},
            ],
            expected={"text": "x"}, content_hash=unit, split="test", tags=["even"] if number % 2 == 0 else [],
        )  # fmt: skip
        session.add(case)
        made.append(case)
    session.flush()
    near.bring_up_to_date(session, project.id)
    test_set.content_hash, test_set.sealed_at = "hash", project.created_at
    session.flush()
    finished = [_run(session, project, test_set, made, number, identical) for number in range(runs)]
    if commit:
        session.commit()
    return Measured(test_set, finished, made)


def _run(
    session: Session, project: Project, test_set: TestSet, cases: list[TestCase], number: int, identical: int
) -> EvalRun:
    candidate = Candidate(project_id=project.id, name=f"candidate-{number}", model=f"secret-model-{number}")
    session.add(candidate)
    session.flush()
    run = EvalRun(
        project_id=project.id, candidate_id=candidate.id, test_set_id=test_set.id, graders=[], status="succeeded",
        total=len(cases), done=len(cases),
    )  # fmt: skip
    session.add(run)
    session.flush()
    for case in cases:
        text = "The same" if case.position < identical else f"Text {number} for {case.position}"
        session.add(Output(run_id=run.id, case_id=case.id, status="complete", text=text, latency_ms=12.5))
    session.flush()
    return run
